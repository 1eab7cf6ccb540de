#include "server/store/store.h"

#include <chrono>
#include <pqxx/pqxx>
#include <random>
#include <semaphore>
#include <thread>

#include "server/base/guarded.h"
#include "server/base/waiting.h"
#include "server/store/connection.h"
#include "server/store/connection_url.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr char kReadOnlyTransaction[] = "25006";

std::string milliseconds(Duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

// The n-th repetition waits up to 2^n × 5 ms: enough for the other side of a deadlock to finish, short for a caller.
void wait_before_repeating(int tries) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<int> within{1, 5000 << std::min(tries, 6)};
  std::this_thread::sleep_for(std::chrono::microseconds{within(random)});
}

}  // namespace

// At most `limit` connections; idle ones wait in a stack, so that a quiet pool keeps using the warm ones.
struct Store::Pool {
  Pool(const std::string& database_url, int connections_max, Duration connect_timeout)
      : url(connection_string(database_url, connect_timeout)), limit(connections_max), free(connections_max) {}

  struct Counted {
    std::vector<ConnectionPtr> idle;
    int in_use = 0;
  };
  const std::string url;
  const int limit;
  std::counting_semaphore<> free;
  Guarded<Counted> connections;
};

namespace {

// One connection of a pool for as long as a transaction lasts. A broken one is closed instead of given back.
template <class Pool>
class Lease {
 public:
  Lease(Pool& pool, Duration wait_max) : pool_(pool) {
    if (!pool.free.try_acquire_for(wait_max))
      throw PoolExhausted("all " + std::to_string(pool.limit) + " database connections are busy");
    pool.connections.with([&](auto& counted) {
      ++counted.in_use;
      if (counted.idle.empty()) return;
      connection_ = std::move(counted.idle.back());
      counted.idle.pop_back();
    });
  }
  ~Lease() {
    pool_.connections.with([&](auto& counted) {
      --counted.in_use;
      if (connection_ && connection_->wire.is_open()) counted.idle.push_back(std::move(connection_));
    });
    connection_.reset();
    pool_.free.release();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  ConnectionPtr& connection() { return connection_; }
  // A server that restarted has broken the idle ones too.
  void close_idle() {
    std::vector<ConnectionPtr> idle;
    pool_.connections.with([&](auto& counted) { idle.swap(counted.idle); });
  }

 private:
  Pool& pool_;
  ConnectionPtr connection_;
};

ConnectionPtr connect(const std::string& url, const std::function<void()>& revive) {
  try {
    return std::make_unique<Connection>(url);
  } catch (const pqxx::broken_connection&) {
    if (!revive) throw;
  }
  revive();
  return std::make_unique<Connection>(url);
}

}  // namespace

pqxx::result Tx::exec_params(const EmbeddedText& query, const std::vector<Param>& params) {
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const auto& param : params) values.push_back(param.c_str());
  const auto dynamic = pqxx::prepare::make_dynamic_params(values);
  if (prepared_ == PreparedStatements::off) return tx_.exec_params(std::string{query.text}, dynamic);
  const std::string name{query.name};
  tx_.conn().prepare(name, std::string{query.text});
  return tx_.exec_prepared(name, dynamic);
}

Store::Store(DatabaseUrls urls, PoolOptions options, std::function<void()> revive)
    : urls_(std::move(urls)),
      options_(options),
      revive_(std::move(revive)),
      app_(std::make_unique<Pool>(urls_.app, options.app_connections, options.connect_timeout)),
      dispatch_(std::make_unique<Pool>(urls_.dispatch, options.dispatch_connections, options.connect_timeout)) {}

Store::~Store() = default;

void Store::run(const TenantId* tenant, const std::function<Ending(Tx&)>& work) {
  for (int tries = 1;; ++tries) {
    try {
      return run_once(tenant, work);
    } catch (const pqxx::transaction_rollback&) {
      // 40001, 40P01 and their kin. 40003 (completion unknown) is one of them only inside work, before any commit.
      if (tries >= options_.tries_max) throw;
    }
    wait_before_repeating(tries);
  }
}

void Store::run_once(const TenantId* tenant, const std::function<Ending(Tx&)>& work) {
  about_to_wait();
  Lease<Pool> lease{tenant ? *app_ : *dispatch_, options_.wait_max};
  const std::string& url = tenant ? app_->url : dispatch_->url;
  const std::vector<Param> settings{tenant ? tenant->str() : std::string{}, milliseconds(options_.statement_timeout),
                                    milliseconds(options_.lock_timeout),
                                    milliseconds(options_.idle_in_transaction_timeout)};
  std::optional<pqxx::work> transaction;
  const auto begin = [&] {
    transaction.emplace(lease.connection()->wire);
    Tx{*transaction, options_.prepared_statements}.exec_params(sql::begin_tx, settings);
  };
  if (lease.connection()) {
    try {
      begin();
    } catch (const pqxx::failure&) {
      // An idle connection that the server has dropped meanwhile. Nothing was asked yet, so a new one may begin.
      transaction.reset();
      if (lease.connection()->wire.is_open()) throw;
      lease.connection().reset();
      lease.close_idle();
    }
  }
  if (!transaction) {
    lease.connection() = connect(url, revive_);
    begin();
  }
  Tx tx{*transaction, options_.prepared_statements};
  try {
    if (work(tx) == Ending::commit)
      transaction->commit();
    else
      transaction->abort();
  } catch (const pqxx::sql_error& error) {
    if (error.sqlstate() == kReadOnlyTransaction) {
      // The server has become a standby: every connection to it is of no use, and connecting anew finds the primary.
      transaction.reset();
      lease.connection().reset();
      lease.close_idle();
    }
    throw;
  }
}

namespace {
template <class Pool>
PoolFacts facts_of(const Pool& pool) {
  return pool.connections.with([&](const auto& counted) {
    return PoolFacts{pool.limit, counted.in_use + static_cast<int>(counted.idle.size()), counted.in_use};
  });
}
}  // namespace

PoolFacts Store::app_pool() const { return facts_of(*app_); }
PoolFacts Store::dispatch_pool() const { return facts_of(*dispatch_); }

}  // namespace carillon
