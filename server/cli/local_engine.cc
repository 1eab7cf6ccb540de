#include "server/cli/local_engine.h"

#include "server/base/trace.h"
#include "server/cli/token.h"
#include "server/store/database.h"
#include "server/store/migrate.h"
#include "server/store/store.h"
#include "server/worker/membership.h"
#include "server/worker/worker.h"

namespace carillon::cli {
namespace {

// A command of the command line saves nothing that names a tool.
class NoTools final : public ToolCaller {
 public:
  CallId start(ToolCall, std::function<void(ToolReply)> done) override {
    done({.failure = ErrorClass::unavailable, .message = "this command calls no tools"});
    return 0;
  }
  void cancel(CallId, std::string_view) override {}
  Result<ToolFacts> describe(const TenantId&, std::string_view tool, Duration) override {
    return Error{ErrorCode::server_unavailable, "this command asks no servers", "", std::string(tool)};
  }
};

DatabaseUrls urls_for(LocalEngine::Login login, DatabaseUrls urls) {
  if (login == LocalEngine::Login::owner) urls.app = urls.owner;
  return urls;
}

HotPathOptions dispatch_of(const Database& database) {
  HotPathOptions options;
  options.url = database.urls().dispatch;
  options.application = "command";
  options.revive = database.reviver();
  return options;
}

}  // namespace

struct LocalEngine::Rooms {
  Rooms(const Config& config, Login login, Database opened)
      : database(std::move(opened)),
        membership(dispatch_of(database), this_process("command"), clock, config.worker.leases.shard_expiry),
        store(urls_for(login, database.urls()), config.database.pool, database.reviver()),
        engine({.store = store, .clock = clock, .tools = tools, .worker = bell, .ids = membership.ids()},
               options_of(config)),
        zone(config.tools.timezone) {}

  static EngineOptions options_of(const Config& config) {
    EngineOptions options;
    options.zone = config.tools.timezone;
    options.quiet = config.worker.quiet;
    return options;
  }

  Database database;
  DbClock clock;
  Membership membership;
  Store store;
  NoTools tools;
  WorkerBell bell;
  Engine engine;
  std::string zone;
};

Result<std::unique_ptr<LocalEngine>> LocalEngine::open(const Config& config, Login login) {
  make_directories(config.paths, current_user());
  auto database = Database::open(config.database);
  if (!database.ok()) return database.error();
  const auto migrated = Migrator{database->urls().owner}.up();
  if (!migrated.ok()) return migrated.error();
  return std::unique_ptr<LocalEngine>{new LocalEngine(std::make_unique<Rooms>(config, login, std::move(*database)))};
}

LocalEngine::LocalEngine(std::unique_ptr<Rooms> rooms) : rooms_(std::move(rooms)) {}

LocalEngine::~LocalEngine() = default;

Engine& LocalEngine::engine() { return rooms_->engine; }

Caller LocalEngine::owner() const {
  const auto principal = owner_principal();
  return {TenantId{principal.tenant},       AgentId{principal.agent}, Scopes::all(), new_trace_id(), rooms_->zone,
          caller_kind_named(principal.kind)};
}

}  // namespace carillon::cli
