#include "server/store/cluster_watch.h"

namespace carillon {
namespace {

// A stopped postmaster stays a zombie while its parent (we, or an init that is slow) has not reaped it.
constexpr char kWatch[] = R"(cat >/dev/null
kill -QUIT "$0" 2>/dev/null
while kill -0 "$0" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$0/status"; do sleep 0.02; done
rm -rf "$1")";

}  // namespace

Result<process::Child> watch_cluster(pid_t postmaster, const std::string& folder_to_remove) {
  process::Command watch;
  watch.arguments = {"/bin/sh", "-c", kWatch, std::to_string(postmaster), folder_to_remove};
  watch.environment = {{"PATH", "/usr/bin:/bin"}};
  watch.output = watch.errors = process::Stream::discard;
  watch.session = process::Session::own_session;
  return process::Child::start(watch);
}

}  // namespace carillon
