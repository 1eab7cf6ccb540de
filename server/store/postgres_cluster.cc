#include "server/store/postgres_cluster.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "server/base/log.h"
#include "server/process/executable.h"
#include "server/process/unique_fd.h"
#include "server/store/connection_url.h"
#include "server/store/passage.h"

namespace carillon {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr auto kInitTimeout = std::chrono::seconds{120};
constexpr auto kStartTimeout = std::chrono::seconds{60};
constexpr auto kLookAgain = std::chrono::milliseconds{3};
constexpr std::uintmax_t kLogBytesMax = 4u << 20;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string pid_file(const Cluster& cluster) { return cluster.data + "/postmaster.pid"; }
std::string log_file(const Cluster& cluster) { return cluster.run + "/postgres.log"; }

process::Environment postgres_environment() {
  auto environment = process::inherited_environment({"PATH", "HOME"});
  environment["LC_ALL"] = "C";
  environment["TZ"] = "UTC";
  return environment;
}

// Whether this process is a postmaster in that folder: it has changed into it, and it is not a zombie. The folder
// decides, not the name: the number may have gone to anybody since the file was written.
bool is_postmaster_of(pid_t pid, const std::string& data) {
  const std::string proc = "/proc/" + std::to_string(pid);
  std::error_code gone;
  const fs::path there = fs::read_symlink(proc + "/cwd", gone);
  if (gone || !fs::equivalent(there, data, gone) || gone) return false;
  std::ifstream stat(proc + "/stat");
  std::string text;
  std::getline(stat, text);
  const auto end_of_name = text.rfind(") ");
  return end_of_name != std::string::npos && text.size() > end_of_name + 2 && text[end_of_name + 2] != 'Z';
}

std::optional<pid_t> pid_in(const std::vector<std::string>& lines) {
  pid_t pid = 0;
  if (lines.empty()) return std::nullopt;
  const auto& first = lines.front();
  if (std::from_chars(first.data(), first.data() + first.size(), pid).ec != std::errc{} || pid <= 0)
    return std::nullopt;
  return pid;
}

// Its eighth line says "ready   " once connections are accepted.
bool says_ready(const std::vector<std::string>& lines) { return lines.size() >= 8 && lines[7].starts_with("ready"); }

std::string tail_of_log(const Cluster& cluster) {
  const auto lines = lines_of(log_file(cluster));
  std::string tail;
  for (std::size_t i = lines.size() > 12 ? lines.size() - 12 : 0; i < lines.size(); ++i) tail += "\n  " + lines[i];
  return tail;
}

// initdb reads the password from a file that its user can read; it is gone as soon as initdb has ended.
class PasswordFile {
 public:
  PasswordFile(const Cluster& cluster, const std::string& password) : path_(cluster.run + "/initdb.password") {
    ::unlink(path_.c_str());
    const process::UniqueFd fd{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd.open() || ::write(fd.get(), password.data(), password.size()) != static_cast<ssize_t>(password.size()))
      throw std::system_error(errno, std::generic_category(), path_);
    if (cluster.identity && ::fchown(fd.get(), cluster.identity->user, cluster.identity->group) != 0)
      throw std::system_error(errno, std::generic_category(), path_);
  }
  ~PasswordFile() { ::unlink(path_.c_str()); }
  PasswordFile(const PasswordFile&) = delete;
  PasswordFile& operator=(const PasswordFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<std::string> initdb_command(const Cluster& cluster, const std::string& target, const std::string& user) {
  return {cluster.binaries.program("initdb"),
          "--pgdata=" + target,
          "--username=" + user,
          "--encoding=UTF8",
          "--locale=C",
          "--auth=scram-sha-256",
          "--no-instructions",
          "--no-sync"};
}

// Given on the command line at every start, so that a newer Carillon or a moved home takes effect at once.
std::vector<std::string> postgres_command(const Cluster& cluster, const std::vector<std::string>& settings) {
  std::vector<std::string> all{"listen_addresses=",
                               "unix_socket_directories=" + cluster.socket,
                               "unix_socket_permissions=0700",
                               "max_wal_size=1GB",
                               "wal_compression=lz4",
                               "default_toast_compression=lz4",
                               "jit=off",
                               "logging_collector=off",
                               "log_min_messages=log",
                               "log_checkpoints=off"};
  if (cluster.durability == Durability::none)
    all.insert(all.end(), {"fsync=off", "synchronous_commit=off", "full_page_writes=off"});
  all.insert(all.end(), settings.begin(), settings.end());
  std::vector<std::string> command{cluster.binaries.program("postgres"), "-D", cluster.data};
  for (const auto& setting : all) command.insert(command.end(), {"-c", setting});
  return command;
}

void shorten_log(const Cluster& cluster) {
  std::error_code none_yet;
  const auto size = fs::file_size(log_file(cluster), none_yet);
  if (!none_yet && size > kLogBytesMax) fs::rename(log_file(cluster), log_file(cluster) + ".1");
}

// A pid file that names a living process which is not this cluster's would make postgres refuse to start. One whose
// process is gone is left to postgres, which also checks the shared memory that it names.
void remove_misleading_pid_file(const Cluster& cluster) {
  const auto pid = pid_in(lines_of(pid_file(cluster)));
  if (!pid || ::kill(*pid, 0) != 0 || is_postmaster_of(*pid, cluster.data)) return;
  log::warn("removing a stale postmaster.pid", json{{"pid", *pid}, {"data", cluster.data}});
  fs::remove(pid_file(cluster));
  fs::remove(cluster.socket + "/.s.PGSQL.5432.lock");
}

std::string half_made_prefix(const Cluster& cluster) { return cluster.data + ".new-"; }

// initdb would sync a thousand files one by one; one sync of the file system is as good and takes seconds less.
void sync_file_system(const std::string& folder) {
  const process::UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd.open() || ::syncfs(fd.get()) != 0) throw std::system_error(errno, std::generic_category(), folder);
}

enum class Attempt { ready, again, failed };

Attempt wait_until_ready(process::Child& child, const Cluster& cluster, steady_clock::time_point deadline) {
  while (steady_clock::now() < deadline) {
    if (child.wait_for(kLookAgain)) {
      // Backends of a postmaster that was killed hold its shared memory until they notice, some milliseconds later.
      const std::string tail = tail_of_log(cluster);
      return tail.find("pre-existing shared memory block") != std::string::npos ? Attempt::again : Attempt::failed;
    }
    const auto lines = lines_of(pid_file(cluster));
    if (pid_in(lines) == child.pid() && says_ready(lines)) return Attempt::ready;
  }
  return Attempt::failed;
}

}  // namespace

Result<std::optional<process::Identity>> cluster_identity() {
  if (::geteuid() != 0) return std::optional<process::Identity>{};
  for (const char* name : {"carillon", "postgres", "nobody"})
    if (const passwd* found = ::getpwnam(name); found && found->pw_uid != 0)
      return std::optional{process::Identity{found->pw_uid, found->pw_gid}};
  return unavailable(
      "PostgreSQL does not run as root, and there is no user carillon, postgres or nobody to run it as. Make one "
      "(useradd --system carillon), or set database.url.");
}

Status make_cluster_folder(const std::string& path, const std::optional<process::Identity>& identity) {
  const uid_t owner = identity ? identity->user : ::geteuid();
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return unavailable("cannot make the folder " + path + ": " + system_reason());
  // Opened without following a link, so that nobody can have put another folder in its place.
  const process::UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat found {};
  if (!fd.open() || ::fstat(fd.get(), &found) != 0)
    return unavailable("cannot open the folder " + path + ": " + system_reason());
  if (found.st_uid != owner && found.st_uid != ::geteuid())
    return unavailable("the folder " + path + " belongs to somebody else (uid " + std::to_string(found.st_uid) + ")");
  if (identity && found.st_uid != owner && ::fchown(fd.get(), identity->user, identity->group) != 0)
    return unavailable("cannot give the folder " + path + " to uid " + std::to_string(owner) + ": " + system_reason());
  if (::fchmod(fd.get(), 0700) != 0) return unavailable("cannot close the folder " + path + ": " + system_reason());
  if (!identity) return Done{};
  return let_pass(fs::path{path}.parent_path(), *identity);
}

std::optional<int> made_by_version(const std::string& data) {
  const auto lines = lines_of(data + "/PG_VERSION");
  int version = 0;
  if (lines.empty()) return std::nullopt;
  const auto& first = lines.front();
  if (std::from_chars(first.data(), first.data() + first.size(), version).ec != std::errc{}) return std::nullopt;
  return version;
}

bool is_made(const Cluster& cluster) { return made_by_version(cluster.data).has_value(); }

void remove_half_made(const Cluster& cluster) {
  for (const auto& entry : fs::directory_iterator(fs::path{cluster.data}.parent_path())) {
    std::error_code still_in_use;
    if (entry.path().string().starts_with(half_made_prefix(cluster))) fs::remove_all(entry.path(), still_in_use);
    if (still_in_use) log::warn("cannot remove a half-made database yet", json{{"path", entry.path().string()}});
  }
}

Status make_cluster(const Cluster& cluster, const std::string& superuser, const std::string& password) {
  const std::string half_made = half_made_prefix(cluster) + std::to_string(::getpid());
  if (auto made = make_cluster_folder(half_made, cluster.identity); !made) return made;
  {
    const PasswordFile file{cluster, password};
    process::Command command;
    command.arguments = initdb_command(cluster, half_made, superuser);
    command.arguments.push_back("--pwfile=" + file.path());
    command.environment = postgres_environment();
    command.identity = cluster.identity;
    command.directory = cluster.run;
    const auto done = process::run_to_end(command, {.input = {}, .timeout = kInitTimeout});
    if (!done) return done.error();
    if (!done->exit.clean())
      return unavailable("initdb " + process::describe(done->exit) + ":\n" + done->errors + done->output);
  }
  if (cluster.durability == Durability::full) sync_file_system(half_made);
  // rename(2) replaces an empty folder only: whatever lies there without PG_VERSION was never a cluster of ours.
  std::error_code failed;
  fs::rename(half_made, cluster.data, failed);
  if (failed) return unavailable("cannot put the new cluster at " + cluster.data + ": " + failed.message());
  if (cluster.durability == Durability::full) sync_file_system(fs::path{cluster.data}.parent_path());
  return Done{};
}

PostmasterFacts look_at_postmaster(const Cluster& cluster) {
  const auto lines = lines_of(pid_file(cluster));
  const auto pid = pid_in(lines);
  if (!pid || !is_postmaster_of(*pid, cluster.data)) return {};
  return {pid, says_ready(lines), lines.size() >= 5 ? lines[4] : std::string{}};
}

Result<pid_t> start_cluster(const Cluster& cluster, const std::vector<std::string>& settings) {
  remove_misleading_pid_file(cluster);
  shorten_log(cluster);
  process::Command command;
  command.arguments = postgres_command(cluster, settings);
  command.environment = postgres_environment();
  command.identity = cluster.identity;
  command.directory = cluster.run;
  command.input = process::Stream::discard;
  command.output_file = log_file(cluster);
  command.session = process::Session::own_session;

  const auto deadline = steady_clock::now() + kStartTimeout;
  for (;;) {
    auto child = process::Child::start(command);
    if (!child) return child.error();
    switch (wait_until_ready(*child, cluster, deadline)) {
      case Attempt::ready:
        return child->release();
      case Attempt::again:
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        continue;
      case Attempt::failed:
        return unavailable("PostgreSQL did not start in " + cluster.data +
                           "; its log ends with:" + tail_of_log(cluster));
    }
  }
}

void stop_cluster(const Cluster& cluster, Duration at_most) {
  const auto pid = look_at_postmaster(cluster).pid;
  if (!pid) return;
  ::kill(*pid, SIGINT);
  const auto deadline = steady_clock::now() + at_most;
  bool insisted = false;
  while (is_postmaster_of(*pid, cluster.data)) {
    if (!insisted && steady_clock::now() >= deadline) {
      log::warn("PostgreSQL does not stop in time, stopping it at once", json{{"pid", *pid}});
      ::kill(*pid, SIGQUIT);
      insisted = true;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

std::string socket_url(const Cluster& cluster, const std::string& database) {
  return "host=" + quoted_value(cluster.socket) + " port=5432 dbname=" + quoted_value(database);
}

}  // namespace carillon
