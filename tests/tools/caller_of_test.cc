#include "tools/caller_of.h"

#include <catch2/catch.hpp>

#include "transport/request_context.h"

namespace carillon::tools {
namespace {

TEST_CASE("who calls is whom the edge let in with what it let it do", "[tools][caller_of]") {
  transport::RequestContext context;
  context.principal = {.tenant = "acme", .agent = "scout", .scopes = {"read", "run", "fly"}, .kind = "person"};
  context.correlation_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  context.zone = "Europe/Chisinau";
  context.client.name = "owner";  // what a client says of itself lets it do nothing
  const Caller caller = caller_of(context);
  CHECK(caller.tenant.str() == "acme");
  CHECK(caller.agent.str() == "scout");
  CHECK(caller.scopes.names() == std::vector<std::string>{"read", "run"});  // a scope that we do not know is none
  CHECK(caller.correlation_id == context.correlation_id);
  CHECK(caller.zone == "Europe/Chisinau");
  CHECK(caller.kind == CallerKind::person);
  context.principal.kind = "robot";
  CHECK(caller_of(context).kind == CallerKind::agent);
}

}  // namespace
}  // namespace carillon::tools
