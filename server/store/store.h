// Store: what is remembered. Transactions on PostgreSQL, each for one tenant, on a bounded pool of connections.
//
// in_tx(tenant, work) begins, calls work(Tx&), commits when it returns (a Result with an error rolls back) and rolls
// back when it throws. It repeats work on a deadlock or serialisation failure (40P01, 40001; bounded, with jitter) and
// nowhere else: work must therefore have no effect outside its transaction, and no result set may leave it. A
// commit whose outcome is unknown throws pqxx::in_doubt_error; only a caller's client_generated_id may repeat that.
//
// across_tenants(work) is the same with the login carillon_dispatch, which sees every tenant; it has connections of its
// own, so that busy callers cannot starve the scheduler. Knows no table: repositories are small classes over a Tx.
//
// Store is thread-safe. A Tx belongs to the thread that runs the work.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/base/embedded_text.h"
#include "server/base/id.h"
#include "server/base/result.h"
#include "server/store/param.h"
#include "server/store/store_options.h"

namespace pqxx {
class result;
class transaction_base;
}  // namespace pqxx

namespace carillon {

// No connection came free in time; the caller may try again later.
class PoolExhausted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Tx {
 public:
  // Store makes these; the sources of this room that hold a connection of their own (migrations) may, too.
  Tx(pqxx::transaction_base& transaction, PreparedStatements prepared) : tx_(transaction), prepared_(prepared) {}

  // Runs one embedded query; its file name is the prepared statement's name. Answers a pqxx::result, which the calling
  // source includes; column.h reads it.
  template <class... Values>
  auto exec(const EmbeddedText& query, const Values&... values) {
    // A dependent type, so that pqxx::result need not be complete here.
    std::conditional_t<sizeof...(Values) + 1 != 0, Tx, void>* const self = this;
    return self->exec_params(query, std::vector<Param>{Param(values)...});
  }
  pqxx::result exec_params(const EmbeddedText& query, const std::vector<Param>& params);

 private:
  pqxx::transaction_base& tx_;
  PreparedStatements prepared_;
};

struct PoolFacts {
  int limit = 0, open = 0, in_use = 0;
};

class Store {
 public:
  // `revive` is called when connecting failed, before the one second try: it restarts a private PostgreSQL that died.
  Store(DatabaseUrls urls, PoolOptions options, std::function<void()> revive = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  template <class Work>
  std::invoke_result_t<Work&, Tx&> in_tx(const TenantId& tenant, Work&& work) {
    return repeat(&tenant, work);
  }
  template <class Work>
  std::invoke_result_t<Work&, Tx&> across_tenants(Work&& work) {
    return repeat(nullptr, work);
  }

  PoolFacts app_pool() const;
  PoolFacts dispatch_pool() const;

 private:
  enum class Ending { commit, roll_back };
  struct Pool;

  template <class Answer>
  struct IsResult : std::false_type {};
  template <class T>
  struct IsResult<Result<T>> : std::true_type {};

  template <class Work>
  std::invoke_result_t<Work&, Tx&> repeat(const TenantId* tenant, Work& work) {
    using Answer = std::invoke_result_t<Work&, Tx&>;
    if constexpr (std::is_void_v<Answer>) {
      run(tenant, [&](Tx& tx) {
        work(tx);
        return Ending::commit;
      });
    } else {
      std::optional<Answer> answer;
      run(tenant, [&](Tx& tx) {
        answer.emplace(work(tx));
        if constexpr (IsResult<Answer>::value)
          if (!answer->ok()) return Ending::roll_back;
        return Ending::commit;
      });
      return std::move(*answer);
    }
  }
  void run(const TenantId* tenant, const std::function<Ending(Tx&)>& work);
  void run_once(const TenantId* tenant, const std::function<Ending(Tx&)>& work);

  DatabaseUrls urls_;
  PoolOptions options_;
  std::function<void()> revive_;
  std::unique_ptr<Pool> app_, dispatch_;
};

}  // namespace carillon
