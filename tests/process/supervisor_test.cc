#include "server/process/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "server/process/unique_fd.h"

using namespace carillon::process;

namespace {

// What a service manager does: listens under a name, in the file system or (with @) outside of it.
class Listener {
 public:
  explicit Listener(const std::string& name) : name_(name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Listener() {
    ::unsetenv("NOTIFY_SOCKET");
    if (name_.front() != '@') ::unlink(name_.c_str());
  }
  std::string heard() {
    std::array<char, 4096> text{};
    const ssize_t got = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return got > 0 ? std::string{text.data(), static_cast<std::size_t>(got)} : "";
  }

 private:
  const std::string name_;
  const UniqueFd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

}  // namespace

TEST_CASE("a service manager hears what it is told under either kind of name", "[process][supervisor]") {
  const std::string unique = "carillon-supervisor-" + std::to_string(::getpid());
  const std::string name = GENERATE_COPY("@" + unique, (std::filesystem::temp_directory_path() / unique).string());
  INFO(name);
  Listener manager{name};
  CHECK(is_supervised());
  CHECK(tell_supervisor("READY=1\nSTATUS=ready"));
  CHECK(manager.heard() == "READY=1\nSTATUS=ready");
}

TEST_CASE("without a service manager nobody is told", "[process][supervisor]") {
  ::unsetenv("NOTIFY_SOCKET");
  CHECK_FALSE(is_supervised());
  CHECK_FALSE(tell_supervisor("READY=1"));
  ::setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
  CHECK_FALSE(tell_supervisor("READY=1"));
  ::unsetenv("NOTIFY_SOCKET");
}
