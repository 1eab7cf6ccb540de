// Child processes: started in a group of their own, watched by pidfd, ended as a whole group.
//
// A child gets exactly the environment, directory, identity and streams that its Command names, and no other file
// descriptor of ours. Nothing here touches SIGCHLD, so it does not disturb (and is not disturbed by) other code that
// forks. The group is signalled before its leader is reaped: until then the kernel cannot give the number to others.
// run_to_end is the short form for programs that are started to give an answer.
//
// A Child belongs to one thread at a time; different children may be used by different threads.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/process/unique_fd.h"

namespace carillon::process {

using Environment = std::map<std::string, std::string>;

struct Identity {
  uid_t user;
  gid_t group;
};

enum class Stream { pipe, discard, inherit };
enum class Session { own_group, own_session };  // own_session: also leaves the terminal (setsid)

// What a program that nobody vouches for is kept to. It gains no rights by being executed either (no_new_privs).
struct Confinement {
  std::chrono::seconds cpu{60};
  std::size_t memory_bytes_max = 512u << 20;
  std::size_t file_bytes_max = 64u << 20;
  bool no_network = true;  // in a namespace with nothing but a loopback that is down; see can_take_network_away
};
// Whether this kernel lets us make such namespaces; tried once.
bool can_take_network_away();

struct Command {
  std::vector<std::string> arguments;  // the first is a path, or a name to be looked up in the environment's PATH
  Environment environment;             // all that the child will see
  std::string directory;               // empty: ours
  std::optional<Identity> identity;    // run as this user (needs root)
  Stream input = Stream::pipe;
  Stream output = Stream::pipe;
  Stream errors = Stream::pipe;
  Session session = Session::own_group;
  std::string output_file;  // not empty: stdout and stderr are appended to this file (made 0600) instead
  std::optional<Confinement> confinement{};
};

struct Exit {
  int code = 0;    // exit status; 0 when a signal ended it
  int signal = 0;  // the signal that ended it, or 0
  bool clean() const { return code == 0 && signal == 0; }
};
std::string describe(const Exit& exit);  // "exited with status 3", "was killed by signal 9 (Killed)"

class Child {
 public:
  // Refused with ErrorCode::unavailable and the reason when the program cannot be started.
  static Result<Child> start(const Command& command);

  Child(Child&&) = default;
  Child& operator=(Child&& other) noexcept;
  ~Child();  // a child that still runs is killed, with its group

  pid_t pid() const { return pid_; }
  int exit_fd() const { return exit_fd_.get(); }  // readable once the child has ended
  UniqueFd& input() { return input_; }            // our end of its stdin; blocking
  UniqueFd& output() { return output_; }          // our end of its stdout
  UniqueFd& errors() { return errors_; }

  std::optional<Exit> poll_exit();                 // ended already? then reaps
  std::optional<Exit> wait_for(Duration at_most);  // nothing: still running
  void signal_group(int signal);                   // nothing happens once it has ended
  // Closes its stdin, asks with SIGTERM, insists with SIGKILL after `grace`; the whole group is gone afterwards.
  Exit stop(Duration grace);
  // Lets the child live on without us (detached daemons). It is reaped by init once we are gone.
  pid_t release();

 private:
  Child(pid_t pid, UniqueFd exit_fd) : pid_(pid), exit_fd_(std::move(exit_fd)) {}

  pid_t pid_ = -1;
  UniqueFd exit_fd_, input_, output_, errors_;
  std::optional<Exit> exit_;
};

struct RunOptions {
  std::string input;
  Duration timeout = std::chrono::seconds{30};
  std::size_t output_bytes_max = 16u << 20;  // of stdout and of stderr each; more is read and thrown away
  std::stop_token stop{};                    // its group is killed then
};

struct Finished {
  Exit exit;
  std::string output, errors;
};

// Runs the command, feeding it `input`, until it ends. Refused with ErrorCode::unavailable when it cannot be started
// or outlives the timeout or a stop that is asked for (its group is then killed).
Result<Finished> run_to_end(Command command, const RunOptions& options);

}  // namespace carillon::process
