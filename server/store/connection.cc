#include "server/store/connection.h"

#include <nlohmann/json.hpp>

#include "server/base/log.h"

namespace carillon {

bool NoticeLog::operator()(const char message[]) noexcept {
  log::debug("database notice", json{{"notice", message}});
  return false;
}

Connection::Connection(const std::string& url) : wire(url), notices(wire) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // libpqxx 7 dropped reconnecting; 6.4 has only this switch
  wire.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

}  // namespace carillon
