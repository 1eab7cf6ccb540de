#include "server/store/json_bytes.h"

#include <nlohmann/json.hpp>

namespace carillon {

Bytes bytes_of(const json& value) {
  // Text that is not UTF-8 came from outside; it is kept readable, never a reason to fail a command.
  return Bytes{value.dump(-1, ' ', false, json::error_handler_t::replace)};
}

json json_of(const Bytes& bytes) { return json::parse(bytes.data, nullptr, false); }

}  // namespace carillon
