// Where a browser comes back to after a person has agreed to a sign-in: a loopback address, listened to for as long as
// that takes (RFC 8252 §7.3). A person whose browser is on another machine pastes the address at the terminal instead.
//
// One thread; the listener's own threads end with it.
#pragma once

#include <memory>
#include <string>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace carillon::cli {

class RedirectListener {
 public:
  // Port 0: any. Refused (conflict) where the port is taken.
  static Result<std::unique_ptr<RedirectListener>> start(int port);
  ~RedirectListener();

  std::string address() const;  // "http://127.0.0.1:PORT/callback"
  // The address with which the browser came, or which was pasted. Refused (needs_sign_in): nobody came in time.
  Result<std::string> wait(Duration at_most);

 private:
  RedirectListener();
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace carillon::cli
