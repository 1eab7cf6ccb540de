// One PostgreSQL connection for the hot path: libpq with prepared statements, binary arrays and a deadline on each
// statement, which libpqxx has not.
//
// run() is one statement in a transaction of its own. It connects when there is no connection, prepares what the server
// has forgotten (26000), repeats on 40001 and 40P01, and throws StatementFailed for what the server refused and
// DatabaseGone when the connection broke or the deadline passed; then it is not known whether the statement was
// committed, and the caller's fences (epoch, attempt, compare-and-swap) make repeating safe. Between attempts to
// connect it backs off with jitter: run() then throws DatabaseGone at once.
//
// Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/embedded_text.h"
#include "server/store/store_options.h"

struct pg_conn;
struct pg_result;

namespace carillon {

class DatabaseGone : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class StatementFailed : public std::runtime_error {
 public:
  StatementFailed(std::string sqlstate, const std::string& message)
      : std::runtime_error(message), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const { return sqlstate_; }
  // The values were at fault, not the moment: repeating the same batch cannot help (classes 21, 22, 23).
  bool is_data_error() const;

 private:
  std::string sqlstate_;
};

// A text that somebody else keeps, or NULL: a batch is written into its statement without being copied first.
using MaybeText = std::optional<std::string_view>;

// The values of a statement, in the order of $1, $2 …, in PostgreSQL's binary form. Lists are columns for unnest(): one
// in which every value is NULL is sent as an empty list.
class HotParams {
 public:
  HotParams& text(std::string_view value);
  HotParams& opt_text(const std::optional<std::string>& value);
  HotParams& int16(std::int16_t value);
  HotParams& int32(std::int32_t value);
  HotParams& int64(std::int64_t value);
  HotParams& instant(Instant value);
  HotParams& interval(Duration value);

  HotParams& int16s(const std::vector<std::int16_t>& values);
  HotParams& int32s(const std::vector<std::int32_t>& values);
  HotParams& int32s(const std::vector<std::optional<std::int32_t>>& values);
  HotParams& int64s(const std::vector<std::int64_t>& values);
  HotParams& int64s(const std::vector<std::optional<std::int64_t>>& values);
  HotParams& bools(const std::vector<bool>& values);
  HotParams& bools(const std::vector<std::optional<bool>>& values);
  HotParams& instants(const std::vector<Instant>& values);
  HotParams& instants(const std::vector<std::optional<Instant>>& values);
  HotParams& intervals(const std::vector<Duration>& values);
  HotParams& intervals(const std::vector<std::optional<Duration>>& values);
  HotParams& texts(const std::vector<std::string>& values);
  HotParams& texts(const std::vector<MaybeText>& values);
  HotParams& byteas(const std::vector<MaybeText>& values);

 private:
  friend class HotPathConnection;
  struct Value {
    bool null = false;
    std::string data;
  };
  HotParams& add(std::string data);
  std::vector<Value> values_;
};

// The rows of an answer; columns are read in their order.
class HotRows {
 public:
  class Row {
   public:
    std::int16_t int16();
    std::int32_t int32();
    std::int64_t int64();
    bool boolean();
    std::string text();
    std::optional<std::string> opt_text();
    std::optional<std::int64_t> opt_int64();
    Instant instant();
    std::optional<Instant> opt_instant();

   private:
    friend class HotRows;
    Row(const HotRows& rows, int row) : rows_(rows), row_(row) {}
    std::optional<std::string_view> next();
    std::string_view must();

    const HotRows& rows_;
    int row_;
    int column_ = 0;
  };

  explicit HotRows(pg_result* result);
  int size() const;
  Row operator[](int row) const { return Row{*this, row}; }

 private:
  std::shared_ptr<pg_result> result_;
};

struct HotPathOptions {
  std::string url;          // secret: the login carillon_dispatch
  std::string application;  // as pg_stat_activity shows it, after "carillon "
  Duration connect_timeout = std::chrono::seconds{10};
  Duration statement_deadline = std::chrono::seconds{30};
  Duration back_off_max = std::chrono::seconds{2};
  PreparedStatements prepared_statements = PreparedStatements::on;
  // Called when connecting failed, before the one second try: restarts a private PostgreSQL that died. From any thread.
  std::function<void()> revive{};
};

class HotPathConnection {
 public:
  explicit HotPathConnection(HotPathOptions options);
  ~HotPathConnection();
  HotPathConnection(const HotPathConnection&) = delete;
  HotPathConnection& operator=(const HotPathConnection&) = delete;

  HotRows run(const EmbeddedText& statement, const HotParams& params);

  bool connected() const { return wire_ != nullptr; }
  // How often this object has connected; a change means that LISTEN and other state of the session is gone.
  std::uint64_t connections() const { return connections_; }
  void disconnect();

  // For the listener: channel names of the notifications that have come, without waiting.
  std::vector<std::string> take_notifications();
  // The socket, to poll for notifications; -1 when there is no connection.
  int socket() const;

 private:
  void ensure_connected();
  void connect_once();
  bool open_wire();
  void start_session();
  pg_result* answer_until(Monotonic deadline, std::string_view what);
  pg_result* send_and_wait(const EmbeddedText& statement, const HotParams& params);
  void prepare(const EmbeddedText& statement, Monotonic deadline);
  void wait_for_socket(short events, Monotonic deadline, std::string_view what);
  [[noreturn]] void gone(const std::string& why);

  HotPathOptions options_;
  pg_conn* wire_ = nullptr;
  std::set<std::string, std::less<>> prepared_;
  std::uint64_t connections_ = 0;
  int failures_ = 0;  // to connect, in a row
  std::chrono::steady_clock::time_point next_try_{};
  std::minstd_rand random_;
};

}  // namespace carillon
