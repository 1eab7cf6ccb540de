#include "server/store/private_postgres.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <sstream>
#include <thread>

#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/process/unique_fd.h"
#include "server/store/cluster_watch.h"
#include "server/store/connection.h"
#include "server/store/connection_url.h"
#include "server/store/logins.h"
#include "server/store/sql.h"
#include "server/store/store.h"

namespace carillon {
namespace {

namespace fs = std::filesystem;
using process::FileLock;
using process::LockKind;
using std::chrono::steady_clock;

constexpr char kOwnerLogin[] = "carillon_owner";
constexpr char kDatabase[] = "carillon";
constexpr auto kStartLockWait = std::chrono::seconds{150};  // longer than another process may take to make a cluster
constexpr auto kReadyWait = std::chrono::seconds{60};
constexpr auto kFirstConnectionWait = std::chrono::seconds{10};
constexpr auto kStopWait = std::chrono::seconds{30};

// Empty: it can be used. The folder itself is made, with what is above it.
std::string why_not_writable(const std::string& folder) {
  std::error_code failed;
  fs::create_directories(fs::path{folder}.parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_reason();
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return system_reason();
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) return system_reason();
  return S_ISDIR(found.st_mode) ? "" : "it is not a folder";
}

// Somebody else's database is not a reason for a throw-away one: whoever starts us like that wants to know.
Status refuse_foreign(const std::string& folder) {
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0 || found.st_uid == ::geteuid()) return Done{};
  return unavailable("the database in " + folder + " belongs to another user (uid " + std::to_string(found.st_uid) +
                     "). Run carillon as that user, or set another CARILLON_HOME.");
}

std::string new_password() {
  std::array<unsigned char, 24> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  std::ostringstream text;
  text << std::hex;
  for (const unsigned char byte : bytes) text << (byte >> 4) << (byte & 15);
  return text.str();
}

// Whole and on the disk, or not there: a cluster whose password was lost is lost.
void write_whole_file(const std::string& path, const std::string& text) {
  const std::string half = path + ".new";
  ::unlink(half.c_str());
  {
    const process::UniqueFd fd{::open(half.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd.open() || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(fd.get()) != 0)
      throw std::system_error(errno, std::generic_category(), half);
  }
  fs::rename(half, path);
}

// The same in every process and every build, so that all of them look for the socket at the same place.
std::string hashed(const std::string& text) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  std::ostringstream out;
  out << std::hex << hash;
  return out.str();
}

bool short_enough(const std::string& socket_folder) {
  return (socket_folder + "/.s.PGSQL.5432").size() <= kSocketPathMax;
}

// A postmaster that recovers from a crash refuses connections for a moment.
ConnectionPtr first_connection(const std::string& url) {
  const auto deadline = steady_clock::now() + kFirstConnectionWait;
  for (;;) {
    try {
      return std::make_unique<Connection>(url);
    } catch (const pqxx::broken_connection&) {
      if (steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

}  // namespace

Result<std::unique_ptr<PrivatePostgres>> PrivatePostgres::open(const DatabaseOptions& options) {
  if (auto own = refuse_foreign(options.data_dir); !own) return own.error();
  std::unique_ptr<PrivatePostgres> postgres;
  if (const std::string why = why_not_writable(options.data_dir); why.empty()) {
    const std::string folder = fs::canonical(options.data_dir);
    postgres.reset(new PrivatePostgres(options, folder, Keeping::lasting));
  } else {
    std::string pattern = (fs::temp_directory_path() / "carillon-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      return unavailable("cannot keep a database in " + options.data_dir + " (" + why +
                         ") nor in the temporary folder (" + system_reason() +
                         "). Set CARILLON_HOME to a folder that can be written, or database.url.");
    log::warn("nothing can be kept: the database is a throw-away one",
              json{{"data_dir", options.data_dir}, {"why", why}, {"instead", pattern}});
    postgres.reset(new PrivatePostgres(options, pattern, Keeping::throw_away));
  }
  if (auto done = postgres->set_up(); !done) {
    postgres->close();
    if (postgres->keeping() == Keeping::throw_away) fs::remove_all(postgres->data_dir());
    return done.error();
  }
  return postgres;
}

PrivatePostgres::~PrivatePostgres() { close(); }

Status PrivatePostgres::set_up() {
  const std::lock_guard lock{changing_};
  if (auto described = describe_cluster(); !described) return described;
  const auto starting = take_start_lock();
  if (!starting) return starting.error();
  in_use_ = FileLock::take_within(folder_ + "/postgres.lock", LockKind::shared, kStartLockWait);
  if (!in_use_) return unavailable("another process holds " + folder_ + "/postgres.lock");
  const auto passwords = read_or_make_passwords();
  if (!passwords) return passwords.error();
  if (auto made = make_if_missing(*passwords); !made) return made;
  if (auto started = start_or_join(); !started) return started;
  return make_logins_and_database(*passwords);
}

Result<FileLock> PrivatePostgres::take_start_lock() const {
  const auto asked = steady_clock::now();
  auto lock = FileLock::take_within(folder_ + "/start.lock", LockKind::exclusive, kStartLockWait);
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - asked).count();
  log::debug("file lock", json{{"lock", "start.lock"}, {"waited_ms", waited}});
  if (!lock)
    return unavailable("another process has been starting or stopping the database in " + folder_ +
                       " for more than two minutes");
  return std::move(*lock);
}

Status PrivatePostgres::describe_cluster() {
  cluster_.data = folder_ + "/cluster";
  cluster_.run = folder_ + "/run";
  cluster_.durability = keeping_ == Keeping::lasting ? Durability::full : Durability::none;
  auto binaries = find_postgres(options_.binaries_dir, made_by_version(cluster_.data));
  if (!binaries) return binaries.error();
  cluster_.binaries = *binaries;
  auto identity = cluster_identity();
  if (!identity) return identity.error();
  cluster_.identity = *identity;
  return make_cluster_folder(cluster_.run, cluster_.identity);
}

Result<PrivatePostgres::Passwords> PrivatePostgres::read_or_make_passwords() const {
  const std::string path = folder_ + "/passwords";
  if (!fs::exists(path)) {
    if (is_made(cluster_))
      return unavailable("the database in " + folder_ + " is there but its file \"passwords\" is not: restore it");
    write_whole_file(path,
                     json{{"owner", new_password()}, {"app", new_password()}, {"dispatch", new_password()}}.dump());
  }
  std::ifstream file(path);
  const json read = json::parse(file, nullptr, false);
  for (const char* login : {"owner", "app", "dispatch"})
    if (!read.is_object() || !read.contains(login) || !read[login].is_string())
      return unavailable("cannot read the passwords in " + path + ": restore the file");
  Passwords passwords{read["owner"], read["app"], read["dispatch"]};
  for (const auto& secret : {passwords.owner, passwords.app, passwords.dispatch}) register_secret(secret);
  return passwords;
}

Status PrivatePostgres::make_if_missing(const Passwords& passwords) {
  remove_half_made(cluster_);
  if (is_made(cluster_)) return Done{};
  const auto began = steady_clock::now();
  if (auto made = make_cluster(cluster_, kOwnerLogin, passwords.owner); !made) return made;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began).count();
  log::info("made a private PostgreSQL", json{{"data", cluster_.data}, {"took_ms", took}});
  return Done{};
}

// Somebody may have been killed while starting or stopping it: waits until that has come to its end.
Status PrivatePostgres::start_or_join() {
  const auto deadline = steady_clock::now() + kReadyWait;
  while (steady_clock::now() < deadline) {
    const auto seen = look_at_postmaster(cluster_);
    if (!seen.pid) {
      if (auto chosen = choose_socket_folder(); !chosen) return chosen;
      const auto started = start_cluster(cluster_, {});
      // The postmaster of a starter that was killed may have been faster, before it had a pid file to be seen by.
      if (!started && look_at_postmaster(cluster_).pid) continue;
      if (!started) return started.error();
      log::info("started the private PostgreSQL",
                json{{"pid", *started}, {"version", cluster_.binaries.major_version}});
      if (keeping_ == Keeping::lasting) return Done{};
      auto watcher = watch_cluster(*started, folder_);
      if (!watcher) return watcher.error();
      watcher_ = std::move(*watcher);
      return Done{};
    }
    if (seen.ready) {
      cluster_.socket = seen.socket;
      return Done{};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return unavailable("the PostgreSQL in " + cluster_.data + " is neither ready nor gone after a minute");
}

Status PrivatePostgres::choose_socket_folder() {
  const std::string name = "carillon-" + std::to_string(::geteuid()) + "-" + hashed(folder_);
  std::vector<std::string> candidates{cluster_.run};
  if (!options_.runtime_dir.empty()) candidates.push_back(options_.runtime_dir + "/" + name);
  candidates.push_back((fs::temp_directory_path() / name).string());
  candidates.push_back("/tmp/" + name);
  std::string tried;
  for (const auto& folder : candidates) {
    if (!short_enough(folder)) {
      tried += "\n  " + folder + ": longer than a socket's path may be";
      continue;
    }
    const auto made = make_cluster_folder(folder, cluster_.identity);
    if (made) {
      cluster_.socket = folder;
      return Done{};
    }
    tried += "\n  " + folder + ": " + made.error().message;
  }
  return unavailable("there is no place for the database's socket:" + tried);
}

Status PrivatePostgres::make_logins_and_database(const Passwords& passwords) {
  const auto url = [&](const char* login, const std::string& password, const char* database) {
    return with_overrides(socket_url(cluster_, database), {{"user", login}, {"password", password}});
  };
  {
    const auto connection = first_connection(url(kOwnerLogin, passwords.owner, "postgres"));
    pqxx::nontransaction work{connection->wire};
    Tx tx{work, PreparedStatements::off};
    if (!tx.exec(sql::database_exists)[0]["exists"].as<bool>()) tx.exec(sql::create_database);
  }
  urls_.owner = url(kOwnerLogin, passwords.owner, kDatabase);
  urls_.app = url(kAppLogin, passwords.app, kDatabase);
  urls_.dispatch = url(kDispatchLogin, passwords.dispatch, kDatabase);
  make_logins(urls_.owner, {passwords.app, passwords.dispatch});
  return Done{};
}

void PrivatePostgres::ensure_running() {
  const std::lock_guard lock{changing_};
  if (!in_use_) throw std::runtime_error("the private PostgreSQL was left already");
  const std::string socket = cluster_.socket;
  const auto starting = take_start_lock();
  if (!starting) throw std::runtime_error(starting.error().message);
  const auto running = start_or_join();
  if (!running) throw std::runtime_error(running.error().message);
  if (cluster_.socket != socket) throw std::runtime_error("the private PostgreSQL has moved its socket; restart");
}

void PrivatePostgres::close() {
  const std::lock_guard lock{changing_};
  if (!in_use_) return;
  const auto starting = take_start_lock();
  if (!starting) log::warn("left the private PostgreSQL running", json{{"reason", starting.error().message}});
  const bool last = starting.ok() && in_use_->try_turn(LockKind::exclusive);
  if (last) {
    stop_cluster(cluster_, kStopWait);
    log::info("stopped the private PostgreSQL", json{{"data", cluster_.data}});
  }
  in_use_.reset();
  if (!watcher_) return;
  watcher_->input().reset();
  watcher_->wait_for(kStopWait);
  watcher_.reset();
}

}  // namespace carillon
