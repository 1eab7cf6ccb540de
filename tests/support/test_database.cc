#include "tests/support/test_database.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>

#include "server/process/child.h"
#include "server/store/cluster_watch.h"
#include "server/store/connection.h"
#include "server/store/connection_url.h"
#include "server/store/logins.h"
#include "server/store/migrate.h"
#include "server/store/postgres_cluster.h"

namespace carillon::test {
namespace {

constexpr char kOwner[] = "carillon_owner";
constexpr char kPassword[] = "only-for-tests";

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

std::string run_sql(const std::string& url, const std::string& sql) {
  Connection connection{url};
  pqxx::nontransaction work{connection.wire};
  const pqxx::result rows = work.exec(sql);
  return rows.empty() || rows.columns() == 0 || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
}

constexpr std::uintmax_t kRoomBytes = 2ull << 30;  // far more than the databases of one test program need

// In memory where there is room: a database is a thousand files, 0.6 s to copy on a disk and 0.07 s in memory.
std::string roomy_folder() {
  std::error_code absent;
  const auto space = std::filesystem::space("/dev/shm", absent);
  const bool usable = !absent && space.available > kRoomBytes && ::access("/dev/shm", W_OK | X_OK) == 0;
  return usable ? "/dev/shm" : "/tmp";
}

// A cluster of this program's own, which ends with it.
class OwnServer {
 public:
  OwnServer() {
    std::string folder = roomy_folder() + "/carillon-test-XXXXXX";
    if (!::mkdtemp(folder.data())) throw std::runtime_error("mkdtemp failed");
    cluster_ = Cluster{must(find_postgres("", std::nullopt)),
                       must(cluster_identity()),
                       folder + "/data",
                       folder + "/run",
                       folder + "/run",
                       Durability::none};
    must(make_cluster_folder(cluster_.run, cluster_.identity));
    must(make_cluster(cluster_, kOwner, kPassword));
    const pid_t server = must(start_cluster(cluster_, {"max_connections=200", "shared_buffers=64MB"}));
    watcher_.emplace(must(watch_cluster(server, folder)));
  }
  ~OwnServer() {
    watcher_->input().reset();
    watcher_->wait_for(std::chrono::seconds{30});
  }
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;
  std::string url() const {
    return with_overrides(socket_url(cluster_, "postgres"), {{"user", kOwner}, {"password", kPassword}});
  }

 private:
  Cluster cluster_;
  std::optional<process::Child> watcher_;
};

std::string database_url(const std::string& server, const std::string& database) {
  return with_overrides(server, {{"dbname", database}});
}

class Server {
 public:
  static Server& instance() {
    static Server server;
    return server;
  }
  const std::string& url() const { return url_; }
  const std::string& template_name() const { return template_; }

  ~Server() {
    if (!own_) run_sql(url_, "DROP DATABASE IF EXISTS " + template_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  Server() : template_("carillon_template_" + std::to_string(::getpid())) {
    if (const char* given = std::getenv("CARILLON_TEST_DATABASE"); given && *given)
      url_ = given;
    else
      url_ = (own_ = std::make_unique<OwnServer>())->url();
    make_logins(url_, {kPassword, kPassword});
    run_sql(url_, "CREATE DATABASE " + template_);
    must(Migrator{database_url(url_, template_)}.up());
  }

  std::string template_, url_;
  std::unique_ptr<OwnServer> own_;
};

std::string next_name() {
  static std::atomic<int> made{0};
  return "carillon_test_" + std::to_string(::getpid()) + "_" + std::to_string(++made);
}

}  // namespace

TestDatabase::TestDatabase(Contents contents) : name_(next_name()) {
  const Server& server = Server::instance();
  static std::mutex one_copy_at_a_time;
  const std::lock_guard lock{one_copy_at_a_time};
  run_sql(server.url(), "CREATE DATABASE " + name_ +
                            (contents == Contents::migrated ? " TEMPLATE " + server.template_name() : std::string{}));
  urls_.owner = database_url(server.url(), name_);
  urls_.app = with_overrides(urls_.owner, {{"user", kAppLogin}, {"password", kPassword}});
  urls_.dispatch = with_overrides(urls_.owner, {{"user", kDispatchLogin}, {"password", kPassword}});
}

TestDatabase::~TestDatabase() { run_sql(Server::instance().url(), "DROP DATABASE " + name_ + " WITH (FORCE)"); }

void TestDatabase::run(const std::string& sql) const { run_sql(urls_.owner, sql); }
std::string TestDatabase::ask(const std::string& sql) const { return run_sql(urls_.owner, sql); }

bool TestDatabase::comes_to_wait(int many) const {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (std::chrono::steady_clock::now() < limit) {
    if (std::stoi(ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                      "wait_event_type = 'Lock'")) >= many)
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return false;
}

}  // namespace carillon::test
