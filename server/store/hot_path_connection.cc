#include "server/store/hot_path_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/store/connection_url.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr std::string_view kForgotten = "26000";  // invalid_sql_statement_name: a pooler or DISCARD ALL was here
constexpr int kStatementTriesMax = 6;             // of a statement that meets 40001 or 40P01

struct ResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultCloser>;

std::string sqlstate_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr ? std::string{"XX000"} : std::string{state};
}

bool repeatable(std::string_view state) { return state == "40001" || state == "40P01"; }

// 57P01 admin shutdown, 57P02 crash, 57P03 starting up, 08*: the session is over, whatever the server still says.
bool ends_session(std::string_view state) {
  return state.substr(0, 2) == "08" || state == "57P01" || state == "57P02" || state == "57P03";
}

bool is_fine(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

}  // namespace

bool StatementFailed::is_data_error() const {
  const std::string family = sqlstate_.substr(0, 2);
  return family == "21" || family == "22" || family == "23";
}

HotPathConnection::HotPathConnection(HotPathOptions options)
    : options_(std::move(options)), random_(std::random_device{}()) {}

HotPathConnection::~HotPathConnection() { disconnect(); }

void HotPathConnection::disconnect() {
  if (wire_ == nullptr) return;
  PQfinish(wire_);
  wire_ = nullptr;
  prepared_.clear();
}

void HotPathConnection::gone(const std::string& why) {
  disconnect();
  metrics::count("carillon_database_connection_losses_total", {{"user", options_.application}});
  throw DatabaseGone{why};
}

void HotPathConnection::ensure_connected() {
  if (wire_ != nullptr) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_try_) throw DatabaseGone{"the database is away; connecting again shortly"};
  connect_once();
}

void HotPathConnection::connect_once() {
  bool open = open_wire();
  if (!open && options_.revive) {
    disconnect();
    options_.revive();
    open = open_wire();
  }
  if (!open) {
    const std::string why = PQerrorMessage(wire_);
    // 50 ms, doubled each time; half of it is chance, so that many processes do not come back together.
    const double most = std::min(0.05 * static_cast<double>(1U << std::min(failures_, 10)),
                                 static_cast<double>(options_.back_off_max.count()) / 1e6);
    const double share = std::uniform_real_distribution<>{0.5, 1.0}(random_);
    ++failures_;
    next_try_ = std::chrono::steady_clock::now() + std::chrono::microseconds{static_cast<long>(most * share * 1e6)};
    gone("connecting to the database failed: " + why);
  }
  failures_ = 0;
  ++connections_;
  PQsetnonblocking(wire_, 1);
  PQsetNoticeProcessor(
      wire_, [](void*, const char* text) { log::debug(text); }, nullptr);
  start_session();
}

bool HotPathConnection::open_wire() {
  wire_ = PQconnectdb(connection_string(options_.url, options_.connect_timeout).c_str());
  return PQstatus(wire_) == CONNECTION_OK;
}

void HotPathConnection::start_session() {
  const auto deadline = std::chrono::steady_clock::now() + options_.connect_timeout;
  const std::string timeout =
      std::to_string(std::chrono::ceil<std::chrono::milliseconds>(options_.statement_deadline).count());
  const std::string name = "carillon " + options_.application;
  const std::array<const char*, 2> values{timeout.c_str(), name.c_str()};
  if (PQsendQueryParams(wire_, std::string{sql::hot_path_session.text}.c_str(), 2, nullptr, values.data(), nullptr,
                        nullptr, 1) == 0)
    gone(PQerrorMessage(wire_));
  const ResultPtr result{answer_until(deadline, sql::hot_path_session.name)};
  if (!is_fine(result.get())) gone(PQresultErrorMessage(result.get()));
}

void HotPathConnection::wait_for_socket(short events, Monotonic deadline, std::string_view what) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) gone("the database did not answer " + std::string{what} + " in time");
    pollfd wanted{PQsocket(wire_), events, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) gone(std::string{"poll: "} + std::strerror(errno));
  }
}

// The last result of what was sent; earlier ones (there are none for one statement) are dropped.
pg_result* HotPathConnection::answer_until(Monotonic deadline, std::string_view what) {
  for (int flushed = 1; flushed != 0;) {
    flushed = PQflush(wire_);
    if (flushed < 0) gone(PQerrorMessage(wire_));
    if (flushed == 0) break;
    wait_for_socket(POLLIN | POLLOUT, deadline, what);
    if (PQconsumeInput(wire_) == 0) gone(PQerrorMessage(wire_));
  }
  ResultPtr last;
  for (;;) {
    while (PQisBusy(wire_) != 0) {
      wait_for_socket(POLLIN, deadline, what);
      if (PQconsumeInput(wire_) == 0) gone(PQerrorMessage(wire_));
    }
    PGresult* result = PQgetResult(wire_);
    if (result == nullptr) break;
    last.reset(result);
  }
  if (!last || PQstatus(wire_) != CONNECTION_OK) gone(PQerrorMessage(wire_));
  return last.release();
}

void HotPathConnection::prepare(const EmbeddedText& statement, Monotonic deadline) {
  if (prepared_.contains(statement.name)) return;
  const std::string name{statement.name};
  if (PQsendPrepare(wire_, name.c_str(), std::string{statement.text}.c_str(), 0, nullptr) == 0)
    gone(PQerrorMessage(wire_));
  const ResultPtr result{answer_until(deadline, statement.name)};
  if (!is_fine(result.get())) {
    const std::string state = sqlstate_of(result.get());
    if (ends_session(state)) gone(PQresultErrorMessage(result.get()));
    throw StatementFailed{state, name + ": " + PQresultErrorMessage(result.get())};
  }
  prepared_.insert(name);
}

pg_result* HotPathConnection::send_and_wait(const EmbeddedText& statement, const HotParams& params) {
  const auto deadline = std::chrono::steady_clock::now() + options_.statement_deadline;
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const auto& value : params.values_) {
    values.push_back(value.null ? nullptr : value.data.data());
    lengths.push_back(static_cast<int>(value.data.size()));
  }
  const std::vector<int> formats(values.size(), 1);
  const int n = static_cast<int>(values.size());
  int sent = 0;
  if (options_.prepared_statements == PreparedStatements::on) {
    prepare(statement, deadline);
    sent = PQsendQueryPrepared(wire_, std::string{statement.name}.c_str(), n, values.data(), lengths.data(),
                               formats.data(), 1);
  } else {
    sent = PQsendQueryParams(wire_, std::string{statement.text}.c_str(), n, nullptr, values.data(), lengths.data(),
                             formats.data(), 1);
  }
  if (sent == 0) gone(PQerrorMessage(wire_));
  return answer_until(deadline, statement.name);
}

HotRows HotPathConnection::run(const EmbeddedText& statement, const HotParams& params) {
  for (int tries = 1;; ++tries) {
    ensure_connected();
    const auto started = std::chrono::steady_clock::now();
    ResultPtr result{send_and_wait(statement, params)};
    metrics::observe("carillon_statement_seconds", {{"statement", statement.name}},
                     std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
    if (is_fine(result.get())) return HotRows{result.release()};
    const std::string state = sqlstate_of(result.get());
    const std::string message = std::string{statement.name} + ": " + PQresultErrorMessage(result.get());
    metrics::count("carillon_statement_failures_total", {{"statement", statement.name}, {"sqlstate", state}});
    if (ends_session(state)) gone(message);
    if (state == kForgotten && tries < kStatementTriesMax) {
      prepared_.erase(prepared_.find(statement.name));
      continue;
    }
    if (!repeatable(state) || tries >= kStatementTriesMax) throw StatementFailed{state, message};
    std::uniform_int_distribution<int> within{1, 2000 << tries};
    std::this_thread::sleep_for(std::chrono::microseconds{within(random_)});
  }
}

int HotPathConnection::socket() const { return wire_ == nullptr ? -1 : PQsocket(wire_); }

std::vector<std::string> HotPathConnection::take_notifications() {
  std::vector<std::string> channels;
  if (wire_ == nullptr) return channels;
  if (PQconsumeInput(wire_) == 0) gone(PQerrorMessage(wire_));
  while (PGnotify* note = PQnotifies(wire_)) {
    channels.emplace_back(note->relname);
    PQfreemem(note);
  }
  return channels;
}

}  // namespace carillon
