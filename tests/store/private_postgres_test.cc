#include "server/store/private_postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <thread>

#include "server/store/connection.h"
#include "server/store/migrate.h"
#include "server/store/store.h"

using namespace carillon;
namespace fs = std::filesystem;

namespace {

// In memory where it can be: a first start waits for the disk until all is on it, which says nothing here.
std::string fast_folder() { return ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp"; }

// A folder as `mktemp -d` makes it: 0700, and as root closed to the user that runs PostgreSQL.
class Home {
 public:
  explicit Home(const std::string& below = fast_folder()) {
    std::string pattern = below + "/carillon-home-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Home() { fs::remove_all(path_); }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  const std::string& path() const { return path_; }
  DatabaseOptions options() const {
    DatabaseOptions options;
    options.data_dir = path_ + "/postgres";
    return options;
  }

 private:
  std::string path_;
};

std::unique_ptr<PrivatePostgres> open_or_fail(const DatabaseOptions& options) {
  auto opened = PrivatePostgres::open(options);
  if (!opened) FAIL(opened.error().message);
  return std::move(*opened);
}

std::string ask(const std::string& url, const std::string& sql) {
  Connection connection{url};
  pqxx::nontransaction work{connection.wire};
  const auto rows = work.exec(sql);
  return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
}

pid_t postmaster(const DatabaseOptions& options) {
  std::ifstream file(options.data_dir + "/cluster/postmaster.pid");
  pid_t pid = 0;
  file >> pid;
  return pid;
}

// Running, and not merely a zombie that we have not reaped.
bool runs(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  return !text.empty() && text[text.rfind(") ") + 2] != 'Z';
}

void kill_and_await(pid_t pid) {
  REQUIRE(::kill(pid, SIGKILL) == 0);
  while (runs(pid)) std::this_thread::yield();
}

mode_t mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

// Runs in a process of its own and answers with its exit status; 0 is good.
template <class Work>
pid_t in_child(Work work) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(work());
  return pid;
}

int status_of(pid_t pid) {
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("a private database is made and its three logins work and it is closed to everybody else",
          "[store][private_postgres]") {
  const Home home;
  const auto postgres = open_or_fail(home.options());
  CHECK(postgres->keeping() == Keeping::lasting);
  REQUIRE(Migrator{postgres->urls().owner}.up().ok());
  CHECK(ask(postgres->urls().app, "SELECT current_user || row_security_active('carillon.task')") == "carillon_apptrue");
  CHECK(ask(postgres->urls().dispatch, "SELECT current_user") == "carillon_dispatch");
  CHECK(ask(postgres->urls().app, "SHOW search_path") == "pg_catalog");
  CHECK(ask(postgres->urls().owner, "SHOW listen_addresses").empty());
  CHECK(ask(postgres->urls().owner, "SHOW max_wal_size") == "1GB");
  CHECK(ask(postgres->urls().owner, "SHOW fsync") == "on");

  const std::string folder = home.options().data_dir;
  CHECK(mode_of(folder + "/cluster") == 0700);
  CHECK(mode_of(folder + "/run") == 0700);
  CHECK(mode_of(folder + "/passwords") == 0600);
  CHECK((mode_of(folder + "/run/.s.PGSQL.5432") & 077) == 0);
  CHECK((mode_of(home.path()) & 07) == 0);
  CHECK_FALSE(fs::exists(folder + "/run/initdb.password"));
  const std::string no_password = "host=" + folder + "/run user=carillon_owner dbname=carillon";
  CHECK_THROWS_AS(Connection{no_password}, pqxx::broken_connection);
}

TEST_CASE("two users share one private database and the last one out stops it", "[store][private_postgres]") {
  const Home home;
  auto first = open_or_fail(home.options());
  ask(first->urls().owner, "CREATE TABLE public.kept AS SELECT 7 AS n");
  const pid_t server = postmaster(home.options());
  int go[2], done[2];
  REQUIRE(::pipe(go) == 0);
  REQUIRE(::pipe(done) == 0);
  const pid_t other = in_child([&] {
    auto opened = PrivatePostgres::open(home.options());
    const bool same = opened.ok() && ask((*opened)->urls().owner, "SELECT n FROM public.kept") == "7";
    char byte = same ? 'y' : 'n';
    if (::write(done[1], &byte, 1) != 1 || ::read(go[0], &byte, 1) != 1) return 3;
    if (opened.ok()) (*opened)->close();
    return same ? 0 : 4;
  });
  char byte = 'n';
  REQUIRE(::read(done[0], &byte, 1) == 1);
  CHECK(byte == 'y');

  first->close();
  CHECK(runs(server));  // the other one still uses it
  REQUIRE(::write(go[1], "g", 1) == 1);
  CHECK(status_of(other) == 0);
  CHECK_FALSE(runs(server));
  for (const int fd : {go[0], go[1], done[0], done[1]}) ::close(fd);

  const auto again = open_or_fail(home.options());
  CHECK(ask(again->urls().owner, "SELECT n FROM public.kept") == "7");
}

TEST_CASE("several starters at once make one database", "[store][private_postgres]") {
  const Home home;
  std::vector<pid_t> starters;
  for (int i = 0; i < 4; ++i)
    starters.push_back(in_child([&] {
      auto opened = PrivatePostgres::open(home.options());
      if (!opened.ok()) return 2;
      const auto migrated = Migrator{(*opened)->urls().owner}.up();
      return migrated.ok() && ask((*opened)->urls().app, "SELECT 1") == "1" ? 0 : 3;
    }));
  for (const pid_t starter : starters) CHECK(status_of(starter) == 0);
  const auto postgres = open_or_fail(home.options());
  CHECK(ask(postgres->urls().owner, "SELECT count(*) FROM public.carillon_migration") ==
        std::to_string(embedded_migrations().size()));
}

TEST_CASE("a postmaster that was killed is started again under the living process", "[store][private_postgres]") {
  const Home home;
  const auto postgres = open_or_fail(home.options());
  REQUIRE(Migrator{postgres->urls().owner}.up().ok());
  Store store{postgres->urls(), {}, [&] { postgres->ensure_running(); }};
  constexpr EmbeddedText kOne{"test_one", "SELECT 1"};
  const auto one = [&] {
    return store.in_tx(TenantId{"default"}, [&](Tx& tx) { return tx.exec(kOne)[0][0].as<int>(); });
  };
  CHECK(one() == 1);
  const pid_t before = postmaster(home.options());
  kill_and_await(before);
  CHECK(one() == 1);
  CHECK(postmaster(home.options()) != before);
  CHECK(ask(postgres->urls().app, "SELECT current_user") == "carillon_app");
}

TEST_CASE("after a user was killed the next one adopts the running database and stops it at the end",
          "[store][private_postgres]") {
  const Home home;
  int opened_pipe[2];
  REQUIRE(::pipe(opened_pipe) == 0);
  const pid_t user = in_child([&] {
    auto opened = PrivatePostgres::open(home.options());
    if (!opened.ok() || ::write(opened_pipe[1], "y", 1) != 1) return 2;
    ::pause();
    return 0;
  });
  char byte = 'n';
  ::close(opened_pipe[1]);
  REQUIRE(::read(opened_pipe[0], &byte, 1) == 1);
  ::close(opened_pipe[0]);
  const pid_t server = postmaster(home.options());
  ::kill(user, SIGKILL);
  status_of(user);
  CHECK(runs(server));
  auto next = open_or_fail(home.options());
  CHECK(postmaster(home.options()) == server);
  next->close();
  CHECK_FALSE(runs(server));
}

TEST_CASE("a pid file that names a dead process or somebody else does not keep the database from starting",
          "[store][private_postgres]") {
  const Home home;
  open_or_fail(home.options())->close();
  const std::string pid_file = home.options().data_dir + "/cluster/postmaster.pid";
  // Of the user that runs PostgreSQL, alive, and no postmaster: what a recycled number looks like after a reboot.
  const auto identity = cluster_identity();
  REQUIRE(identity.ok());
  process::Command sleeper;
  sleeper.arguments = {"/bin/cat"};
  sleeper.identity = *identity;
  auto stranger = process::Child::start(sleeper);
  REQUIRE(stranger.ok());
  for (const pid_t pid : {pid_t{4'000'000}, stranger->pid()}) {
    for (const std::string& lock : {pid_file, home.options().data_dir + "/run/.s.PGSQL.5432.lock"}) {
      std::ofstream(lock) << pid << "\n"
                          << home.options().data_dir << "/cluster\n1\n5432\n"
                          << home.options().data_dir << "/run\n\n  1  1\nready   \n";
      if (*identity) REQUIRE(::chown(lock.c_str(), (*identity)->user, (*identity)->group) == 0);
    }
    const auto postgres = open_or_fail(home.options());
    CHECK(ask(postgres->urls().app, "SELECT 1") == "1");
  }
  CHECK_FALSE(stranger->poll_exit());
}

TEST_CASE("a starter killed while it makes the database leaves nothing that the next one takes for a database",
          "[store][private_postgres]") {
  const Home home;
  const std::string folder = home.options().data_dir;
  const pid_t starter = in_child([&] { return PrivatePostgres::open(home.options()).ok() ? 0 : 2; });
  const auto half_made = [&] {
    if (!fs::exists(folder)) return false;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().filename().string().starts_with("cluster.new-") && fs::exists(entry.path() / "PG_VERSION"))
        return true;
    return false;
  };
  while (!half_made()) std::this_thread::yield();
  ::kill(starter, SIGKILL);
  CHECK(status_of(starter) == 128 + SIGKILL);
  CHECK_FALSE(fs::exists(folder + "/cluster"));
  {
    const auto postgres = open_or_fail(home.options());
    CHECK(ask(postgres->urls().app, "SELECT 1") == "1");
  }
  // Leftovers of the killed one are gone at the latest with the start after it.
  const auto again = open_or_fail(home.options());
  for (const auto& entry : fs::directory_iterator(folder))
    CHECK_FALSE(entry.path().filename().string().starts_with("cluster.new-"));
}

TEST_CASE("a home with a long path gets its socket elsewhere", "[store][private_postgres]") {
  const Home home;
  DatabaseOptions options;
  options.data_dir = home.path() + "/" + std::string(90, 'x') + "/postgres";
  const auto postgres = open_or_fail(options);
  CHECK(ask(postgres->urls().app, "SELECT 1") == "1");
  CHECK(fs::is_empty(options.data_dir + "/run") == false);  // the log is there
  CHECK_FALSE(fs::exists(options.data_dir + "/run/.s.PGSQL.5432"));
  const std::string socket = ask(postgres->urls().owner, "SHOW unix_socket_directories");
  CHECK(mode_of(socket) == 0700);
  fs::remove_all(socket);
}

TEST_CASE("where nothing can be kept there is a throw-away database that ends with its process",
          "[store][private_postgres]") {
  DatabaseOptions options;
  options.data_dir = "/proc/carillon";  // nobody can make a folder there, root included
  std::string folder;
  pid_t server = 0;
  {
    const auto postgres = open_or_fail(options);
    CHECK(postgres->keeping() == Keeping::throw_away);
    CHECK(ask(postgres->urls().app, "SELECT 1") == "1");
    folder = postgres->data_dir();
    options.data_dir = folder;
    server = postmaster(options);
    CHECK(runs(server));
  }
  CHECK_FALSE(runs(server));
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("an unprivileged user runs the private database as themselves", "[store][private_postgres]") {
  const auto identity = cluster_identity();
  REQUIRE(identity.ok());
  if (!*identity) return;  // the other tests of this file ran unprivileged already
  const Home home;
  REQUIRE(::chown(home.path().c_str(), (*identity)->user, (*identity)->group) == 0);
  const pid_t user = in_child([&] {
    if (::setresgid((*identity)->group, (*identity)->group, (*identity)->group) != 0 ||
        ::setresuid((*identity)->user, (*identity)->user, (*identity)->user) != 0)
      return 2;
    auto opened = PrivatePostgres::open(home.options());
    if (!opened.ok()) return 3;
    return ask((*opened)->urls().app, "SELECT 1") == "1" ? 0 : 4;
  });
  CHECK(status_of(user) == 0);
}

TEST_CASE("a machine without PostgreSQL is told what to install", "[store][private_postgres]") {
  const Home home;
  DatabaseOptions options = home.options();
  options.binaries_dir = home.path();
  const auto opened = PrivatePostgres::open(options);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == ErrorCode::unavailable);
  CHECK(opened.error().message.find("Install the package postgresql") != std::string::npos);
  CHECK(opened.error().message.find(home.path()) != std::string::npos);
}

TEST_CASE("a database whose passwords were lost is refused and left alone", "[store][private_postgres]") {
  const Home home;
  open_or_fail(home.options())->close();
  fs::rename(home.options().data_dir + "/passwords", home.path() + "/saved");
  const auto refused = PrivatePostgres::open(home.options());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("passwords") != std::string::npos);
  fs::rename(home.path() + "/saved", home.options().data_dir + "/passwords");
  CHECK(ask(open_or_fail(home.options())->urls().app, "SELECT 1") == "1");
}

TEST_CASE("a starter killed between making and using the database is followed by one that works",
          "[store][private_postgres]") {
  const Home home;
  const pid_t starter = in_child([&] {
    auto opened = PrivatePostgres::open(home.options());
    ::pause();
    return opened.ok() ? 0 : 2;
  });
  while (!fs::exists(home.options().data_dir + "/cluster/PG_VERSION")) std::this_thread::yield();
  ::kill(starter, SIGKILL);
  status_of(starter);
  const auto next = open_or_fail(home.options());
  CHECK(ask(next->urls().app, "SELECT current_user") == "carillon_app");
}

TEST_CASE("a database that is just being stopped is started again", "[store][private_postgres]") {
  const Home home;
  const auto first = open_or_fail(home.options());
  Connection busy{first->urls().owner};
  const pid_t before = postmaster(home.options());
  REQUIRE(::kill(before, SIGINT) == 0);  // what the last one out does; here it is killed while it waits
  const auto next = open_or_fail(home.options());
  CHECK(ask(next->urls().app, "SELECT 1") == "1");
}

TEST_CASE("what was acknowledged survives postmasters that are killed under load", "[store][private_postgres]") {
  const Home home;
  const auto postgres = open_or_fail(home.options());
  ask(postgres->urls().owner, "CREATE TABLE public.done (n bigint PRIMARY KEY); GRANT ALL ON public.done TO PUBLIC");
  Store store{postgres->urls(), {}, [&] { postgres->ensure_running(); }};
  constexpr EmbeddedText kInsert{"test_insert_done", "INSERT INTO public.done VALUES ($1) ON CONFLICT DO NOTHING"};
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<bool> enough{false};
  // The same number until it is acknowledged; machine failures end in the next try, as in a worker's loop.
  const auto insert_until_enough = [&](std::int64_t lane) {
    for (std::int64_t n = 0; !enough; ++n)
      for (bool done = false; !done;) {
        try {
          store.in_tx(TenantId{"default"}, [&](Tx& tx) { tx.exec(kInsert, lane * 1'000'000 + n); });
          done = true;
          ++acknowledged;
        } catch (const std::runtime_error& failure) {
          done = enough;
        }
      }
  };
  std::vector<std::thread> lanes;
  for (int lane = 0; lane < 3; ++lane) lanes.emplace_back(insert_until_enough, lane);
  for (int kills = 0; kills < 3; ++kills) {
    const auto target = acknowledged + 50;
    while (acknowledged < target) std::this_thread::yield();
    kill_and_await(postmaster(home.options()));
  }
  const auto target = acknowledged + 50;
  while (acknowledged < target) std::this_thread::yield();
  enough = true;
  for (auto& lane : lanes) lane.join();
  postgres->ensure_running();  // backends outlive their postmaster for a moment: the last rows may be from such ones
  // A lane whose last try failed may have committed without knowing: at most one row a lane more.
  const auto rows = std::stoll(ask(postgres->urls().owner, "SELECT count(*) FROM public.done"));
  CHECK(rows >= acknowledged);
  CHECK(rows <= acknowledged + 3);
}

TEST_CASE("a database of another user is refused and not replaced by a throw-away one", "[store][private_postgres]") {
  if (::geteuid() != 0) return;  // only root can make a folder of somebody else
  const Home home;
  fs::create_directory(home.options().data_dir);
  REQUIRE(::chown(home.options().data_dir.c_str(), 12345, 12345) == 0);
  const auto refused = PrivatePostgres::open(home.options());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("belongs to another user (uid 12345)") != std::string::npos);
}
