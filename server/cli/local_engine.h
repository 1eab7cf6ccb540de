// LocalEngine: the engine for a command of the command line, on the database that the daemon shares. It has no worker
// and calls no tools: what it saves is found by whoever works, within a second. Belongs to one thread.
#pragma once

#include <memory>

#include "config/config.h"
#include "server/domain/caller.h"
#include "server/engine/engine.h"

namespace carillon::cli {

class LocalEngine {
 public:
  // callers: what a daemon's callers may do, behind the second wall. owner: also to make and end identities.
  enum class Login { callers, owner };
  // Opens the database and brings its schema up to date. Errors: unavailable.
  static Result<std::unique_ptr<LocalEngine>> open(const Config& config, Login login = Login::callers);
  ~LocalEngine();
  LocalEngine(const LocalEngine&) = delete;
  LocalEngine& operator=(const LocalEngine&) = delete;

  Engine& engine();
  // The person at the terminal: the owner of this installation.
  Caller owner() const;

 private:
  struct Rooms;
  explicit LocalEngine(std::unique_ptr<Rooms> rooms);
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace carillon::cli
