#include "server/cli/daemon.h"

#include <unistd.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "catalog/catalog.h"
#include "server/base/guarded.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/base/version.h"
#include "server/cli/approval_links.h"
#include "server/cli/control.h"
#include "server/cli/deliveries.h"
#include "server/cli/downstream.h"
#include "server/cli/health_facts.h"
#include "server/cli/prompt_files.h"
#include "server/cli/service.h"
#include "server/cli/token.h"
#include "server/engine/breaker_sharing.h"
#include "server/engine/engine.h"
#include "server/engine/retiming.h"
#include "server/process/supervisor.h"
#include "server/store/database.h"
#include "server/store/db_clock.h"
#include "server/store/migrate.h"
#include "server/store/retention.h"
#include "server/store/sealing_key.h"
#include "server/store/store.h"
#include "server/web/approvals.h"
#include "server/web/health.h"
#include "server/web/metrics_page.h"
#include "server/web/rest.h"
#include "server/web/webhooks.h"
#include "server/worker/membership.h"
#include "server/worker/network_gate.h"
#include "server/worker/worker.h"
#include "tools/followed_calls.h"
#include "tools/prompt_set.h"
#include "tools/resource_set.h"
#include "tools/resource_watch.h"
#include "tools/session_channel.h"
#include "tools/soon.h"
#include "tools/tool_set.h"
#include "tools/webhook_door.h"
#include "transport/http_endpoint.h"
#include "transport/http_server.h"
#include "transport/socket_server.h"
#include "transport/sse_endpoint.h"
#include "transport/timer.h"
#include "transport/worker_pool.h"

namespace carillon::cli {
namespace {

constexpr std::string_view kMachineZone = "local";  // tools.timezone: nobody has chosen one

struct Address {
  std::string host;
  int port = 0;
};

Result<Address> read_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  int port = -1;
  if (colon != std::string::npos) std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (port < 0 || port > 65535)
    return Error{ErrorCode::conflict,
                 "http.listen is '" + text + "'; write it as host:port, for example 127.0.0.1:8930"};
  return Address{text.substr(0, colon), port};
}

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

std::string service_of(Role role) {
  switch (role) {
    case Role::worker:
      return "worker";
    case Role::in_process:
      return "mcp";
    default:
      return "serve";
  }
}

Supervision supervision() {
  if (process::is_supervised()) return Supervision::supervised;
  return process::is_run_by_systemd() ? Supervision::systemd : Supervision::none;
}

json server_info() { return {{"name", "carillon"}, {"title", "Carillon"}, {"version", kVersion}}; }

}  // namespace

// In the order of the arrows: what stands below is made earlier and ends later.
struct Daemon::Rooms {
  Config config;
  Role role;
  StopSignal& stop_signal;
  Instant started_at = SystemClock{}.now();

  Database database;
  DbClock clock;
  std::unique_ptr<Membership> membership;
  std::unique_ptr<Store> store;
  std::unique_ptr<PromptTemplates> prompt_templates;
  std::unique_ptr<catalog::Catalog> catalog;
  WorkerBell bell;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Retiming> retiming;
  std::unique_ptr<BreakerSharing> breaker_sharing;
  std::unique_ptr<Retention> retention;
  std::unique_ptr<Deliveries> deliveries;
  std::unique_ptr<Worker> worker;
  std::unique_ptr<CatalogDownstream> downstream;
  std::unique_ptr<tools::ResourceWatch> resource_watch;
  std::unique_ptr<tools::SessionChannel> session_channel;
  std::unique_ptr<tools::Soon> look_for_changes, tell_sessions;
  std::unique_ptr<transport::WorkerPool> pool;
  std::unique_ptr<transport::Timer> timer;
  std::unique_ptr<tools::WebhookDoor> webhook_door;
  std::unique_ptr<tools::ToolSet> tools;
  std::unique_ptr<tools::FollowedCalls> followed_calls;
  std::unique_ptr<tools::ResourceSet> resources;
  std::unique_ptr<tools::PromptSet> prompts;
  std::unique_ptr<tools::Completions> completions;
  std::shared_ptr<transport::McpServer> mcp, channel_mcp;  // the second for hosts that want the channel
  std::unique_ptr<AgentTokens> agent_tokens;
  std::unique_ptr<TokenAuthenticator> authenticator;
  std::unique_ptr<transport::McpEndpoint> endpoint;
  std::unique_ptr<transport::SseEndpoint> sse;  // where it is wanted
  std::unique_ptr<transport::HttpServer> http;
  Guarded<std::string> pages_at;  // where approvals are shown, for couriers; empty: nowhere yet
  std::unique_ptr<transport::SocketServer> socket;

  Rooms(Config settings, Role as, StopSignal& signal, Database opened)
      : config(std::move(settings)),
        role(as),
        stop_signal(signal),
        database(std::move(opened)),
        clock(config.worker.clock_shift) {}

  HotPathOptions hot_path();
  void start_inside();
  Status start_protocol();
  void start_deliveries();
  void share_breakers();
  void start_working();
  Status start_http();
  Status listen(const Address& address);
  void start_socket();
  void stop_for(const std::string& successor);
  web::HealthFacts health() const;
  const std::string& listen_address() const {
    return role == Role::worker ? config.http.worker_listen : config.http.listen;
  }
  std::string http_address() const;
  std::string page_address();
  void refresh_gauges() const;
};

HotPathOptions Daemon::Rooms::hot_path() {
  HotPathOptions options;
  options.url = database.urls().dispatch;
  options.application = service_of(role);
  options.prepared_statements = config.database.pool.prepared_statements;
  options.revive = database.reviver();
  return options;
}

void Daemon::Rooms::start_inside() {
  membership = std::make_unique<Membership>(hot_path(), this_process(service_of(role)), clock,
                                            config.worker.leases.shard_expiry);
  store = std::make_unique<Store>(database.urls(), config.database.pool, database.reviver());
  prompt_templates = std::make_unique<PromptTemplates>(*store, clock);
  catalog =
      std::make_unique<catalog::Catalog>(config.catalog, read_sealing_key(*store, kWebhookKey),
                                         [this](const TenantId& tenant, const std::string& name, const json& params) {
                                           return prompt_templates->write(tenant, name, params);
                                         });
  EngineOptions options;
  options.zone = config.tools.timezone;
  options.keep_followed_calls = config.retention.followed_calls;
  options.quiet = config.worker.quiet;
  options.child_depth_max = config.worker.child_depth_max;
  options.child_runs_max = config.worker.child_runs_max;
  options.durable = role == Role::in_process ? "host_only" : config.database.url.empty() ? "daemon" : "server";
  options.sensitive = [this](std::string_view tool) { return catalog->sensitive(tool); };
  options.undeliverable = [this](TargetKind kind) { return deliveries ? deliveries->missing(kind) : std::nullopt; };
  options.service_offer = service_offer(role, supervision());
  const EngineParts parts{.store = *store, .clock = clock, .tools = *catalog, .worker = bell, .ids = membership->ids()};
  engine = std::make_unique<Engine>(parts, options);
  retiming = std::make_unique<Retiming>(parts, engine->watch(), membership->instance());
  breaker_sharing = std::make_unique<BreakerSharing>(parts, membership->instance());
  retention = std::make_unique<Retention>(*store, config.retention);
  retention->make_partitions(clock.now());
}

Status Daemon::Rooms::start_protocol() {
  const tools::ToolSetOptions options{.toolsets = config.tools.toolsets, .prefix = config.tools.prefix};
  auto checked = tools::check(options);
  if (!checked.ok()) return checked;
  downstream = std::make_unique<CatalogDownstream>(*catalog);
  pool = std::make_unique<transport::WorkerPool>(transport::WorkerPool::Limits{});
  timer = std::make_unique<transport::Timer>();
  resource_watch = std::make_unique<tools::ResourceWatch>(*engine);
  webhook_door =
      std::make_unique<tools::WebhookDoor>(read_sealing_key(*store, kWebhookKey), [this] { return http_address(); });
  const tools::Ports ports{
      .engine = *engine, .downstream = *downstream, .executor = *pool, .timer = *timer, .webhooks = webhook_door.get()};
  tools = std::make_unique<tools::ToolSet>(ports, options);
  followed_calls = std::make_unique<tools::FollowedCalls>(ports);
  resources = std::make_unique<tools::ResourceSet>(ports, *resource_watch);
  keep_prompt_files(config.catalog.prompts_directory, *prompt_templates);
  prompts = std::make_unique<tools::PromptSet>(ports, options.prefix, *prompt_templates);
  completions = std::make_unique<tools::Completions>(ports, *prompt_templates);
  const transport::Services services{.tools = tools.get(),
                                     .resources = resources.get(),
                                     .prompts = prompts.get(),
                                     .completions = completions.get(),
                                     .tasks = followed_calls.get()};
  transport::ServerOptions server;
  server.server_info = server_info();
  server.instructions = tools->instructions();
  server.list_ttl = std::chrono::hours{1};
  server.state_secret = read_sealing_key(*store, kRequestStateKey);
  mcp = std::make_shared<transport::McpServer>(server, services, clock, *pool);
  server.experimental[std::string(tools::kChannelCapability)] = json::object();
  channel_mcp = std::make_shared<transport::McpServer>(server, services, clock, *pool);
  resource_watch->serve(*mcp);
  resource_watch->serve(*channel_mcp);
  session_channel = std::make_unique<tools::SessionChannel>(
      *engine, *channel_mcp,
      tools::ChannelOptions{.per_hour_max = config.session.per_hour_max, .prefix = options.prefix});
  const tools::SoonParts parts{.executor = *pool, .timer = *timer};
  look_for_changes = std::make_unique<tools::Soon>(parts, "changes", [this] { resource_watch->look(); });
  tell_sessions = std::make_unique<tools::Soon>(parts, "sessions", [this] { session_channel->run_once(); });
  return Done{};
}

void Daemon::Rooms::start_deliveries() {
  DeliveryOptions delivery = config.delivery;
  if (delivery.desktop == DesktopUse::automatic && database.kind() == DatabaseKind::external)
    delivery.desktop = DesktopUse::off;
  deliveries = std::make_unique<Deliveries>(DeliveryParts{.store = *store,
                                                          .clock = clock,
                                                          .engine = *engine,
                                                          .tools = *catalog,
                                                          .vault_directory = config.catalog.vault_directory,
                                                          .link_base = [this] { return page_address(); }},
                                            delivery);
  deliveries->start();
}

void Daemon::Rooms::share_breakers() {
  const auto news = catalog->breaker_news();
  catalog->take_over_breakers(news, breaker_sharing->exchange(news));
}

void Daemon::Rooms::start_working() {
  const auto tell_watchers = [this] {
    if (!mcp) return;
    look_for_changes->ask();
    tell_sessions->ask();
  };
  WorkerHooks hooks;
  hooks.run_ended = [this, tell_watchers](RunId run) {
    engine->watch().finished(run);
    deliveries->wake();
    tell_watchers();
  };
  hooks.each_second = [this, tell_watchers] {
    engine->check_watched_runs();
    engine->end_pauses();
    engine->cancel_orphans();
    retiming->run_once();
    share_breakers();
    deliveries->gather();
    tell_watchers();
  };
  hooks.has_network = has_network;
  hooks.stays_here = [this](std::string_view tool) { return catalog->stays_here(tool); };
  hooks.perform_step = [this](const OwnStep& step) { return engine->perform_step(step); };
  hooks.run_asks = [this](RunId run) { engine->watch().asks(run); };
  hooks.run_progressed = [this](RunId run, const ToolProgress& progress) { engine->watch().progressed(run, progress); };
  hooks.sweep = [this] { retention->sweep(clock.now()); };
  start_deliveries();
  share_breakers();
  worker = std::make_unique<Worker>(
      WorkerParts{.database = hot_path(), .tools = *catalog, .clock = clock, .membership = *membership, .hooks = hooks},
      config.worker);
  worker->start();
  bell.attach(worker.get());
}

Status Daemon::Rooms::start_http() {
  if (auto fits = check_http_url(config.http.url); !fits) return fits;
  if (listen_address().empty()) return Done{};
  auto address = read_address(listen_address());
  if (!address.ok()) return address.error();
  if (!is_loopback(address->host) && config.http.insecure_loopback)
    return Error{ErrorCode::conflict,
                 "http.insecure_loopback is for loopback addresses; " + address->host + " is none"};
  if (!is_loopback(address->host) && !config.http.allow_plain_text)
    return Error{ErrorCode::conflict, "listening on " + address->host +
                                          " without TLS sends the token in the clear; put a proxy with "
                                          "TLS in front and set http.allow_plain_text, or listen on 127.0.0.1"};
  const TokenUse use = config.http.insecure_loopback ? TokenUse::not_asked : TokenUse::required;
  agent_tokens = std::make_unique<AgentTokens>(*engine, clock);
  authenticator = std::make_unique<TokenAuthenticator>(read_or_make_token(config.paths.token_file), use, *agent_tokens);
  auto listening = listen(*address);
  if (listening.ok() || role != Role::auto_started_daemon || address->port == 0) return listening;
  // Nobody asked for this very port: a second installation on the machine must not keep a front from starting.
  log::warn("the port is taken; using a free one", {{"listen", listen_address()}});
  return listen(Address{address->host, 0});
}

Status Daemon::Rooms::listen(const Address& address) {
  transport::HttpServerOptions options;
  options.host = address.host;
  options.port = address.port;
  options.names_allowed = config.http.names;
  if (const std::string name = host_of_url(config.http.url); !name.empty()) options.names_allowed.push_back(name);
  options.limits.body_bytes_max = config.http.body_bytes_max;
  options.limits.connections_max = static_cast<std::size_t>(config.http.connections_max);
  http = std::make_unique<transport::HttpServer>(options, *authenticator);
  if (mcp) {
    transport::EndpointOptions listeners;
    listeners.streams_max =
        options.limits.connections_max - options.limits.connections_max / 4;  // the rest is for calls
    endpoint = std::make_unique<transport::McpEndpoint>(*mcp, listeners);
    http->add(endpoint->routes());
    if (config.http.sse) {
      sse = std::make_unique<transport::SseEndpoint>(*mcp, transport::SseOptions{});
      http->add(sse->routes());
    }
    http->add(web::rest_routes(*tools));
    http->add(web::webhook_routes({*engine, *pool, clock, webhook_door->key()}));
    http->add(web::approval_routes({*engine, *pool}));
  }
  http->add(web::health_routes([this] { return health(); },
                               [this](const transport::HttpRequest& request) {
                                 auto verdict = authenticator->authenticate(request);
                                 if (std::holds_alternative<transport::Undecided>(verdict))
                                   verdict = authenticator->look_up(request);
                                 return std::holds_alternative<transport::Principal>(verdict);
                               }));
  http->add(web::metrics_route([this] { refresh_gauges(); }));
  try {
    http->start();
    if (mcp) pages_at.with([this](std::string& at) { at = http_address(); });
  } catch (const std::system_error& error) {
    http.reset();
    return Error{ErrorCode::conflict, listen_address() + ": " + error.code().message() +
                                          "; stop what listens there, or give another address with --listen"};
  }
  return Done{};
}

void Daemon::Rooms::start_socket() {
  socket = std::make_unique<transport::SocketServer>(
      config.paths.socket.string(),
      socket_hooks(
          {.mcp = mcp,
           .channel_mcp = channel_mcp,
           .status = [this] { return status_of(health(), {.socket = socket->path(), .http = http_address()}); },
           .stop = [this](const std::string& successor) { stop_for(successor); },
           .started_by = role == Role::auto_started_daemon ? kStartedByFront : kStartedByUser,
           .host_zone = config.tools.timezone == kMachineZone ? HostZone::heeded : HostZone::ignored}),
      transport::SocketOptions{});
  socket->start();
}

// Who is attached learns in-band why its daemon ends, as far as its protocol has a way.
void Daemon::Rooms::stop_for(const std::string& successor) {
  if (!successor.empty()) {
    log::info("a newer version takes over", {{"successor", successor}});
    mcp->announce(transport::LogLevel::notice,
                  {{"message", "Carillon " + std::string{kVersion} + " gives way to version " + successor +
                                   ": runs are finished, tasks stay, and the front goes on with the new daemon"},
                   {"version", kVersion},
                   {"successor", successor}});
  }
  stop_signal.request();
}

web::HealthFacts Daemon::Rooms::health() const {
  return read_health(
      {.started_at = started_at, .database = database, .store = *store, .worker = *worker, .catalog = *catalog});
}

std::string Daemon::Rooms::http_address() const {
  if (!http) return "";
  return "http://" + listen_address().substr(0, listen_address().rfind(':')) + ":" + std::to_string(http->port());
}

std::string Daemon::Rooms::page_address() {
  return link_base(config.http.url, pages_at.with([](const std::string& at) { return at; }));
}

void Daemon::Rooms::refresh_gauges() const {
  const auto pool_gauges = [](std::string_view name, const PoolFacts& facts) {
    metrics::gauge("carillon_pool_connections", {{"pool", name}, {"state", "in_use"}}, facts.in_use);
    metrics::gauge("carillon_pool_connections", {{"pool", name}, {"state", "open"}}, facts.open);
    metrics::gauge("carillon_pool_connections", {{"pool", name}, {"state", "limit"}}, facts.limit);
  };
  pool_gauges("app", store->app_pool());
  pool_gauges("dispatch", store->dispatch_pool());
  metrics::gauge("carillon_http_connections", {}, static_cast<double>(http->connections()));
  if (socket) metrics::gauge("carillon_socket_connections", {}, static_cast<double>(socket->connections()));
}

Daemon::Daemon() = default;
Daemon::~Daemon() { stop(); }

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config, Role role, StopSignal& stop) {
  auto database = Database::open(config.database);
  if (!database.ok()) return database.error();
  const auto migrated = Migrator{database->urls().owner}.up();
  if (!migrated.ok()) return migrated.error();
  if (*migrated > 0) log::info("the database schema was brought up to date", {{"migrations", *migrated}});
  std::unique_ptr<Daemon> daemon{new Daemon};
  daemon->rooms_ = std::make_unique<Rooms>(config, role, stop, std::move(*database));
  Rooms& rooms = *daemon->rooms_;
  rooms.start_inside();
  if (role != Role::worker) {
    const auto protocol = rooms.start_protocol();
    if (!protocol.ok()) return protocol.error();
  }
  rooms.start_working();
  if (role != Role::in_process) {
    const auto http = rooms.start_http();
    if (!http.ok()) return http.error();
  }
  if (role == Role::daemon || role == Role::auto_started_daemon) rooms.start_socket();
  log::info("ready", {{"http", rooms.http_address()}, {"database", name_of(rooms.database.kind())}});
  return daemon;
}

json Daemon::status() const {
  return status_of(rooms_->health(),
                   {.socket = rooms_->socket ? rooms_->socket->path() : "", .http = rooms_->http_address()});
}

transport::McpServer& Daemon::mcp() { return rooms_->config.session.channel ? *rooms_->channel_mcp : *rooms_->mcp; }

void Daemon::stop() {
  if (!rooms_) return;
  log::info("stopping");
  if (rooms_->mcp) rooms_->mcp->stop();
  if (rooms_->channel_mcp) rooms_->channel_mcp->stop();
  if (rooms_->socket) rooms_->socket->stop();
  if (rooms_->http) rooms_->http->stop();
  rooms_->bell.attach(nullptr);
  if (rooms_->worker) rooms_->worker->stop(rooms_->config.worker.soft_deadline);
  if (rooms_->deliveries) rooms_->deliveries->stop();
  if (rooms_->pool) rooms_->pool->stop();
  // What calls upwards goes before what it calls.
  rooms_->socket.reset();
  rooms_->http.reset();
  rooms_->endpoint.reset();
  rooms_->sse.reset();
  rooms_->timer.reset();
  rooms_->tell_sessions.reset();
  rooms_->look_for_changes.reset();
  rooms_->session_channel.reset();
  rooms_->resource_watch.reset();
  rooms_->channel_mcp.reset();
  rooms_->mcp.reset();
  rooms_->followed_calls.reset();
  rooms_->tools.reset();
  rooms_->worker.reset();
  rooms_->deliveries.reset();
  rooms_->breaker_sharing.reset();
  rooms_->retiming.reset();
  rooms_->engine.reset();
  rooms_->catalog.reset();
  rooms_->store.reset();
  rooms_->membership.reset();
  rooms_->database.close();
  rooms_.reset();
  log::info("stopped");
}

}  // namespace carillon::cli
