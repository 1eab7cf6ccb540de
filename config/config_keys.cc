#include <algorithm>
#include <cctype>

#include "config/config_key.h"
#include "config/config_kinds.h"
#include "server/domain/schedule/zone.h"

namespace carillon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void add_log(std::vector<ConfigKey>& keys) {
  keys.push_back(enum_key<log::Level>({"log.level", "the least level that is written to stderr"},
                                      {"debug", "info", "warn", "error"},
                                      [](Config& c) -> log::Level& { return c.log.level; }));
}

void add_database(std::vector<ConfigKey>& keys) {
  keys.push_back(
      text_key({"database.url", "the PostgreSQL to use; empty: a private one; also DATABASE_URL", Secrecy::secret},
               [](Config& c) -> std::string& { return c.database.url; }));
  keys.push_back(text_key({"database.data_dir", "where the private PostgreSQL keeps its cluster"},
                          [](Config& c) -> std::string& { return c.database.data_dir; }));
  keys.push_back(
      text_key({"database.binaries_dir", "where initdb and postgres are; empty: PATH, then /usr/lib/postgresql/*/bin"},
               [](Config& c) -> std::string& { return c.database.binaries_dir; }));
  keys.push_back(count_key({"database.app_connections", "connections for callers' commands and queries"},
                           [](Config& c) -> int& { return c.database.pool.app_connections; }, {1, 200}));
  keys.push_back(count_key({"database.dispatch_connections", "connections reserved for scheduler and workers"},
                           [](Config& c) -> int& { return c.database.pool.dispatch_connections; }, {1, 50}));
  keys.push_back(duration_key(
      {"database.wait_max", "how long a call waits for a free connection"},
      [](Config& c) -> Duration& { return c.database.pool.wait_max; }, milliseconds{10}));
  keys.push_back(duration_key(
      {"database.connect_timeout", "how long opening a connection may take"},
      [](Config& c) -> Duration& { return c.database.pool.connect_timeout; }, seconds{1}));
  keys.push_back(duration_key(
      {"database.statement_timeout", "after which a statement is given up"},
      [](Config& c) -> Duration& { return c.database.pool.statement_timeout; }, milliseconds{100}));
  keys.push_back(duration_key(
      {"database.lock_timeout", "after which waiting for a lock is given up"},
      [](Config& c) -> Duration& { return c.database.pool.lock_timeout; }, milliseconds{10}));
  keys.push_back(enum_key<PreparedStatements>(
      {"database.prepared_statements", "off behind a pooler that forgets them between transactions"}, {"on", "off"},
      [](Config& c) -> PreparedStatements& { return c.database.pool.prepared_statements; }));
}

void add_retention(std::vector<ConfigKey>& keys) {
  constexpr auto kLeast = std::chrono::hours{1};
  keys.push_back(duration_key(
      {"retention.records", "how long runs that ended are kept, unless their task says otherwise"},
      [](Config& c) -> Duration& { return c.retention.records; }, kLeast));
  keys.push_back(duration_key(
      {"retention.outputs", "how long outputs are kept that are too large for the run's row"},
      [](Config& c) -> Duration& { return c.retention.outputs; }, kLeast));
  keys.push_back(duration_key(
      {"retention.deleted_items", "how long what was deleted can be restored"},
      [](Config& c) -> Duration& { return c.retention.deleted_items; }, kLeast));
  keys.push_back(duration_key(
      {"retention.idempotency", "how long a repeated client_generated_id gets the first answer"},
      [](Config& c) -> Duration& { return c.retention.idempotency; }, kLeast));
  keys.push_back(duration_key(
      {"retention.followed_calls", "how long a client's taskId answers after its run has ended"},
      [](Config& c) -> Duration& { return c.retention.followed_calls; }, std::chrono::hours{24}));
  keys.push_back(duration_key(
      {"retention.events", "how long events are kept that were told, and their keys are known"},
      [](Config& c) -> Duration& { return c.retention.events; }, kLeast));
  keys.push_back(count_key({"retention.batch_rows", "rows that a sweep deletes in one transaction"},
                           [](Config& c) -> int& { return c.retention.batch_rows; }, {10, 10'000}));
}

void add_http(std::vector<ConfigKey>& keys) {
  keys.push_back(text_key({"http.listen", "address of the HTTP endpoint, host:port; port 0 picks one; empty: none"},
                          [](Config& c) -> std::string& { return c.http.listen; }));
  keys.push_back(text_key({"http.worker_listen", "where `carillon worker` serves /health and /metrics; empty: nowhere"},
                          [](Config& c) -> std::string& { return c.http.worker_listen; }));
  keys.push_back(text_key({"http.url", "the address that links lead to, https://host; empty: as the endpoint listens"},
                          [](Config& c) -> std::string& { return c.http.url; }));
  keys.push_back(switch_key({"http.insecure_loopback", "serve without the bearer token, on a loopback address only"},
                            [](Config& c) -> bool& { return c.http.insecure_loopback; }));
  keys.push_back(
      switch_key({"http.allow_plain_text", "listen beyond loopback although there is no TLS (behind a proxy)"},
                 [](Config& c) -> bool& { return c.http.allow_plain_text; }));
  keys.push_back(
      switch_key({"http.sse", "serve HTTP+SSE, the transport of MCP 2024-11-05, too: GET /sse, POST /messages"},
                 [](Config& c) -> bool& { return c.http.sse; }));
  keys.push_back(list_key({"http.names", "further names that may stand in Host and Origin"},
                          [](Config& c) -> std::vector<std::string>& { return c.http.names; }));
  keys.push_back(bytes_key({"http.body_bytes_max", "the largest request body"},
                           [](Config& c) -> std::size_t& { return c.http.body_bytes_max; }, {1024, 1 << 30}));
  keys.push_back(count_key({"http.connections_max", "connections at once"},
                           [](Config& c) -> int& { return c.http.connections_max; }, {8, 100'000}));
}

void add_tools(std::vector<ConfigKey>& keys) {
  keys.push_back(list_key({"tools.toolsets", "which sets of tools are offered; empty: all"},
                          [](Config& c) -> std::vector<std::string>& { return c.tools.toolsets; }));
  keys.push_back(text_key({"tools.prefix", "put before the name of every tool"},
                          [](Config& c) -> std::string& { return c.tools.prefix; }));
  keys.push_back(
      text_key({"tools.timezone", "IANA zone of callers; local: that of their front's machine, else of ours"},
               [](Config& c) -> std::string& { return c.tools.timezone; }));
}

void add_session(std::vector<ConfigKey>& keys) {
  keys.push_back(switch_key({"session.channel", "`carillon mcp` tells the host's session of runs with notify session"},
                            [](Config& c) -> bool& { return c.session.channel; }));
  keys.push_back(
      count_key({"session.per_hour_max", "such notifications to one agent within an hour; more are told in one"},
                [](Config& c) -> int& { return c.session.per_hour_max; }, {1, 10'000}));
}

void add_delivery(std::vector<ConfigKey>& keys) {
  keys.push_back(
      count_key({"delivery.per_hour_max", "letters to one target within an hour; what exceeds it is told in one later"},
                [](Config& c) -> int& { return c.delivery.per_hour_max; }, {1, 10'000}));
  keys.push_back(count_key({"delivery.attempts_max", "a letter that was tried so often has failed"},
                           [](Config& c) -> int& { return c.delivery.attempts_max; }, {1, 100}));
  keys.push_back(duration_key(
      {"delivery.retry_base", "the wait after a letter's first attempt; doubled each time, two hours at most"},
      [](Config& c) -> Duration& { return c.delivery.retry_base; }, milliseconds{10}));
  keys.push_back(duration_key(
      {"delivery.timeout", "of one attempt"}, [](Config& c) -> Duration& { return c.delivery.timeout; },
      milliseconds{100}));
  keys.push_back(list_key(
      {"delivery.approval_links",
       "targets that get links which decide approvals, because they reach a person alone: desktop, email:name@host, "
       "email:*@host, webhook:https://…"},
      [](Config& c) -> std::vector<std::string>& { return c.delivery.approval_links; }));
  keys.push_back(text_key({"delivery.ca_file", "PEM file of the certificates to trust, instead of the system's"},
                          [](Config& c) -> std::string& { return c.delivery.ca_file; }));
  keys.push_back(list_key(
      {"delivery.webhook_hosts",
       "hosts that webhooks may reach; none: every public one, over https; with a port private ones and http too"},
      [](Config& c) -> std::vector<std::string>& { return c.delivery.webhook.hosts; }));
}

void add_desktop(std::vector<ConfigKey>& keys) {
  keys.push_back(enum_key<DesktopUse>(
      {"delivery.desktop", "notifications on this machine's desktop; automatic: where the database is a private one"},
      {"automatic", "on", "off"}, [](Config& c) -> DesktopUse& { return c.delivery.desktop; }));
}

void add_mail(std::vector<ConfigKey>& keys) {
  keys.push_back(text_key(
      {"delivery.smtp_server", "the mail server, smtp://host:port or smtps://host:port; empty: no mail is sent"},
      [](Config& c) -> std::string& { return c.delivery.email.server; }));
  keys.push_back(text_key({"delivery.smtp_user", "who signs in to the mail server; empty: nobody does"},
                          [](Config& c) -> std::string& { return c.delivery.email.user; }));
  keys.push_back(text_key(
      {"delivery.smtp_password", "of that user; secret:NAME, env:NAME and file:/PATH are looked up", Secrecy::secret},
      [](Config& c) -> std::string& { return c.delivery.email.password; }));
  keys.push_back(enum_key<SmtpTls>({"delivery.smtp_tls", "none: for a mail server on the same machine"},
                                   {"required", "none"}, [](Config& c) -> SmtpTls& { return c.delivery.email.tls; }));
  keys.push_back(text_key({"delivery.mail_from", "the address that mail is from"},
                          [](Config& c) -> std::string& { return c.delivery.email.from; }));
  keys.push_back(list_key({"delivery.mail_to", "who may be written to: name@host or *@host; none: everybody"},
                          [](Config& c) -> std::vector<std::string>& { return c.delivery.email.to; }));
}

void add_http_tools(std::vector<ConfigKey>& keys) {
  keys.push_back(list_key(
      {"catalog.http_hosts",
       "hosts that http steps may reach, over https; with a port private ones and http too; none: such steps are off"},
      [](Config& c) -> std::vector<std::string>& { return c.catalog.http_hosts; }));
  keys.push_back(list_key({"catalog.http_get_hosts", "further hosts that GET and HEAD may reach"},
                          [](Config& c) -> std::vector<std::string>& { return c.catalog.http_get_hosts; }));
  keys.push_back(list_key({"catalog.http_secrets",
                           "which secrets of the vault http steps may put into headers, and for which host: name@host"},
                          [](Config& c) -> std::vector<std::string>& { return c.catalog.http_secrets; }));
  keys.push_back(bytes_key({"catalog.http_get_bytes_max", "the most that is read of an answer to an http step"},
                           [](Config& c) -> std::size_t& { return c.catalog.http_get_bytes_max; }, {1024, 1 << 30}));
  keys.push_back(
      text_key({"catalog.ca_file", "PEM file of the certificates that http steps trust, instead of the system's"},
               [](Config& c) -> std::string& { return c.catalog.ca_file; }));
}

void add_catalog(std::vector<ConfigKey>& keys) {
  keys.push_back(text_key({"catalog.servers_file", "the mcpServers object of the downstream servers"},
                          [](Config& c) -> std::string& { return c.catalog.servers_file; }));
  keys.push_back(text_key({"catalog.prompts_directory", "the files of prompt templates, <name>.md"},
                          [](Config& c) -> std::string& { return c.catalog.prompts_directory; }));
  keys.push_back(duration_key(
      {"catalog.call_timeout", "of a downstream call, where neither the task nor the server's entry says"},
      [](Config& c) -> Duration& { return c.catalog.call_timeout; }, milliseconds{100}));
  keys.push_back(duration_key(
      {"catalog.answer_within",
       "how long a downstream server waits for the answer to what it asks in the middle of a call"},
      [](Config& c) -> Duration& { return c.catalog.answer_within; }, seconds{1}));
  keys.push_back(duration_key(
      {"catalog.handshake_timeout", "how long a downstream server may take to start"},
      [](Config& c) -> Duration& { return c.catalog.handshake_timeout; }, milliseconds{100}));
  keys.push_back(duration_key(
      {"catalog.probe_timeout", "how long a server may take to answer in the newest protocol"},
      [](Config& c) -> Duration& { return c.catalog.probe_timeout; }, milliseconds{100}));
  keys.push_back(duration_key(
      {"catalog.idle_stop", "a server that nobody calls for so long is ended"},
      [](Config& c) -> Duration& { return c.catalog.idle_stop; }, seconds{1}));
  keys.push_back(count_key({"catalog.parallel_max", "calls in flight on one server"},
                           [](Config& c) -> int& { return c.catalog.parallel_max; }, {1, 10'000}));
  keys.push_back(count_key({"catalog.waiting_max", "calls that wait for their turn on one server"},
                           [](Config& c) -> int& { return c.catalog.waiting_max; }, {0, 100'000}));
  keys.push_back(count_key(
      {"catalog.http_threads", "exchanges with HTTP servers at once, and as many streams of servers that may ask"},
      [](Config& c) -> int& { return c.catalog.http_threads; }, {1, 1'000}));
  keys.push_back(
      count_key({"catalog.breaker_percent", "so many of a server's latest calls fail: then it is not called"},
                [](Config& c) -> int& { return c.catalog.breaker.failures_percent; }, {1, 100}));
  keys.push_back(count_key({"catalog.breaker_requests", "as long as there were fewer calls, it is called all the same"},
                           [](Config& c) -> int& { return c.catalog.breaker.requests_min; }, {1, 100'000}));
  keys.push_back(duration_key(
      {"catalog.breaker_window", "how far back the latest calls of a server reach"},
      [](Config& c) -> Duration& { return c.catalog.breaker.window; }, milliseconds{100}));
  keys.push_back(duration_key(
      {"catalog.breaker_open", "how long a server is then not called before it is tried again"},
      [](Config& c) -> Duration& { return c.catalog.breaker.open_for; }, milliseconds{10}));
  keys.push_back(
      count_key({"catalog.breaker_trials", "calls that try it; when so many go well, it is called as before"},
                [](Config& c) -> int& { return c.catalog.breaker.trials_max; }, {1, 1'000}));
  add_http_tools(keys);
}

void add_llm(std::vector<ConfigKey>& keys) {
  keys.push_back(
      text_key({"llm.endpoint",
                "an OpenAI-compatible server, https://host/v1, for llm.plan and its like; empty: none; stub: "
                "answers that mean nothing, for trying out"},
               [](Config& c) -> std::string& { return c.catalog.llm.endpoint; }));
  keys.push_back(text_key({"llm.model", "the model that is asked there"},
                          [](Config& c) -> std::string& { return c.catalog.llm.model; }));
  keys.push_back(text_key(
      {"llm.api_key", "the key that it wants; secret:NAME, env:NAME and file:/PATH are looked up", Secrecy::secret},
      [](Config& c) -> std::string& { return c.catalog.llm.api_key; }));
  keys.push_back(count_key({"llm.answer_tokens_max", "the longest answer"},
                           [](Config& c) -> int& { return c.catalog.llm.answer_tokens_max; }, {1, 1'000'000}));
  keys.push_back(
      count_key({"llm.input_price", "of a thousand tokens that the model reads, in millionths of a US dollar"},
                [](Config& c) -> int& { return c.catalog.llm.input_price; }, {0, 1'000'000'000}));
  keys.push_back(count_key({"llm.output_price", "of a thousand tokens that it writes, in millionths of a US dollar"},
                           [](Config& c) -> int& { return c.catalog.llm.output_price; }, {0, 1'000'000'000}));
}

void add_script(std::vector<ConfigKey>& keys) {
  ConfigKey programs = list_key(
      {"script.programs", "programs that script steps may start, by absolute path; none: there are no scripts"},
      [](Config& c) -> std::vector<std::string>& { return c.catalog.script.programs; });
  programs.set = [set = programs.set](Config& config, const json& value) -> std::optional<std::string> {
    if (auto wrong = set(config, value)) return wrong;
    for (const auto& program : config.catalog.script.programs)
      if (!program.starts_with('/')) return program + " is no absolute path";
    return std::nullopt;
  };
  keys.push_back(std::move(programs));
  keys.push_back(count_key({"script.parallel_max", "of them at once"},
                           [](Config& c) -> int& { return c.catalog.script.parallel_max; }, {1, 1'000}));
  keys.push_back(bytes_key({"script.memory_bytes_max", "of one"},
                           [](Config& c) -> std::size_t& { return c.catalog.script.memory_bytes_max; },
                           {16 << 20, 1LL << 40}));
  keys.push_back(bytes_key({"script.output_bytes_max", "of what one writes to stdout, and to stderr"},
                           [](Config& c) -> std::size_t& { return c.catalog.script.output_bytes_max; },
                           {1024, 64 << 20}));
}

void add_worker(std::vector<ConfigKey>& keys) {
  keys.push_back(duration_key(
      {"worker.run_lease", "after which a silent worker has lost its runs"},
      [](Config& c) -> Duration& { return c.worker.leases.run_lease; }, seconds{1}));
  keys.push_back(duration_key(
      {"worker.shard_expiry", "after which a silent worker has lost its shards"},
      [](Config& c) -> Duration& { return c.worker.leases.shard_expiry; }, seconds{1}));
  keys.push_back(duration_key(
      {"worker.renew_every", "how often leases are renewed"},
      [](Config& c) -> Duration& { return c.worker.leases.renew_every; }, milliseconds{100}));
  keys.push_back(count_key({"worker.takeovers_max", "a run that ended so many workers is quarantined"},
                           [](Config& c) -> int& { return c.worker.leases.takeovers_max; }, {1, 100}));
  keys.push_back(count_key({"worker.chain_depth_max", "runs that cause one another, in a row; the next is skipped"},
                           [](Config& c) -> int& { return c.worker.chain_depth_max; }, {1, 1'000}));
  keys.push_back(count_key({"worker.child_depth_max", "how deep runs start runs by steps of the kind pipeline"},
                           [](Config& c) -> int& { return c.worker.child_depth_max; }, {1, 20}));
  keys.push_back(count_key({"worker.child_runs_max", "runs that the steps of one run start, with all below them"},
                           [](Config& c) -> int& { return c.worker.child_runs_max; }, {1, 1'000'000}));
  keys.push_back(duration_key(
      {"worker.clock_shift", "what is due is judged by a clock that is so far ahead; for tests"},
      [](Config& c) -> Duration& { return c.worker.clock_shift; }, Duration{0}));
  keys.push_back(duration_key(
      {"worker.network_wait", "how long late runs wait for a network after a start or a wake; 0: not at all"},
      [](Config& c) -> Duration& { return c.worker.network_wait; }, Duration{0}));
  keys.push_back(count_key({"worker.runs_in_flight", "runs that this process has claimed and not settled"},
                           [](Config& c) -> int& { return c.worker.batches.runs_in_flight; }, {1, 100'000}));
  keys.push_back(duration_key(
      {"worker.soft_deadline", "how long stopping waits for calls that are under way"},
      [](Config& c) -> Duration& { return c.worker.soft_deadline; }, milliseconds{1}));
  keys.push_back(duration_key(
      {"worker.answer_within", "how long what a call asks can be answered; then its server hears that nobody did"},
      [](Config& c) -> Duration& { return c.worker.executor.answer_within; }, seconds{1}));
  keys.push_back(bytes_key({"worker.output_bytes_max", "of one step; the rest is cut off and flagged"},
                           [](Config& c) -> std::size_t& { return c.worker.executor.output_bytes_max; },
                           {1024, 64 << 20}));
}

// A key whose words are quiet hours: what cannot be read is refused when the program starts.
ConfigKey checked_quiet(ConfigKey key, QuietEntry entry) {
  key.set = [set = key.set, get = key.get, entry](Config& config, const json& value) -> std::optional<std::string> {
    if (auto wrong = set(config, value)) return wrong;
    const json now = get(config);
    for (const auto& text : now.is_array() ? now : json::array({now}))
      if (auto wrong = check_quiet_entry(text.get<std::string>(), entry)) return wrong;
    return std::nullopt;
  };
  return key;
}

void add_quiet_hours(std::vector<ConfigKey>& keys) {
  keys.push_back(checked_quiet(
      list_key({"quiet_hours.agents", "hours in which an agent's schedules start nothing: \"scout 22:00-07:00\""},
               [](Config& c) -> std::vector<std::string>& { return c.worker.quiet.agents; }),
      QuietEntry::named_hours));
  keys.push_back(
      checked_quiet(list_key({"quiet_hours.tenants", "the same for a tenant: \"default 22:00-07:00 on weekdays\""},
                             [](Config& c) -> std::vector<std::string>& { return c.worker.quiet.tenants; }),
                    QuietEntry::named_hours));
  keys.push_back(
      checked_quiet(text_key({"quiet_hours.notify", "hours in which no task delivers a message; empty: none"},
                             [](Config& c) -> std::string& { return c.worker.quiet.notify; }),
                    QuietEntry::hours));
  ConfigKey zone = text_key({"quiet_hours.timezone", "the IANA zone of these hours; empty: that of each task"},
                            [](Config& c) -> std::string& { return c.worker.quiet.timezone; });
  zone.set = [set = zone.set](Config& config, const json& value) -> std::optional<std::string> {
    if (auto wrong = set(config, value)) return wrong;
    const std::string& name = config.worker.quiet.timezone;
    if (name.empty() || is_zone(name)) return std::nullopt;
    return "there is no zone " + name;
  };
  keys.push_back(std::move(zone));
}

std::vector<ConfigKey> make_keys() {
  std::vector<ConfigKey> keys;
  add_log(keys);
  add_database(keys);
  add_retention(keys);
  add_http(keys);
  add_tools(keys);
  add_session(keys);
  add_delivery(keys);
  add_mail(keys);
  add_desktop(keys);
  add_catalog(keys);
  add_llm(keys);
  add_script(keys);
  add_worker(keys);
  add_quiet_hours(keys);
  return keys;
}

}  // namespace

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = make_keys();
  return keys;
}

const ConfigKey* find_config_key(std::string_view name) {
  const auto& keys = config_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

std::string environment_name(const ConfigKey& key) {
  std::string name = "CARILLON_";
  for (const char c : key.name) name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace carillon
