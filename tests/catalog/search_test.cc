#include "catalog/search.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace carillon::catalog;

namespace {

std::shared_ptr<const CatalogTool> tool(const char* name, const char* description, const char* schema = "{}") {
  ServerEntry entry;
  entry.name = "github";
  transport::ListedTool listed;
  listed.name = name;
  listed.description = description;
  listed.input_schema = ordered_json::parse(schema);
  return std::make_shared<CatalogTool>(entry, std::move(listed));
}

std::vector<std::string> found(std::string_view query) {
  static const std::vector<std::shared_ptr<const CatalogTool>> tools{
      tool("create_issue", "Open a new ticket", R"({"properties":{"title":{},"labels":{}}})"),
      tool("list_issues", "Tickets of a repository"), tool("get_file", "Read a file; may mention an issue")};
  std::vector<std::string> names;
  for (const auto& match : rank_tools(query, tools)) names.push_back(match.tool->name());
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("tools are ranked by where the words were found", "[catalog][search]") {
  CHECK(found("") == Names{"create_issue", "list_issues", "get_file"});
  CHECK(found("issue") == Names{"create_issue", "list_issues", "get_file"});
  CHECK(found("file issue") == Names{"get_file"});
  CHECK(found("LABELS") == Names{"create_issue"});
  CHECK(found("tickets") == Names{"list_issues"});
  CHECK(found("github list") == Names{"list_issues"});
  CHECK(found("crate") == Names{"create_issue"});  // a slip
  CHECK(found("weather").empty());
  CHECK(found("issue weather").empty());
}
