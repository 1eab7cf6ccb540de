#include "server/worker/network_gate.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>

namespace carillon {

bool has_network() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return true;  // nobody can say; then nobody waits
  bool found = false;
  for (const ifaddrs* each = all; each != nullptr && !found; each = each->ifa_next) {
    const unsigned wanted = IFF_UP | IFF_RUNNING;
    const int family = each->ifa_addr != nullptr ? each->ifa_addr->sa_family : AF_UNSPEC;
    found = (each->ifa_flags & wanted) == wanted && (each->ifa_flags & IFF_LOOPBACK) == 0 &&
            (family == AF_INET || family == AF_INET6);
  }
  ::freeifaddrs(all);
  return found;
}

void NetworkGate::shut(Monotonic now) {
  if (longest_ <= Duration{0} || ask_()) return;
  opens_ = now + longest_;
  shut_ = true;
}

bool NetworkGate::look(Monotonic now) {
  if (!shut_ || (now < opens_ && !ask_())) return false;
  shut_ = false;
  return true;
}

}  // namespace carillon
