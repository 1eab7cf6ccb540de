// One connection to the database, as the sources of this room hold it: its notices go to our log, and a lost link stays
// lost. (libpqxx would reconnect by itself in the middle of a transaction and run the rest outside of one.)
// For sources only: includes pqxx. One thread at a time.
#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <string>

namespace carillon {

class NoticeLog final : public pqxx::errorhandler {
 public:
  explicit NoticeLog(pqxx::connection_base& connection) : pqxx::errorhandler(connection) {}
  bool operator()(const char message[]) noexcept override;
};

struct Connection {
  explicit Connection(const std::string& url);

  pqxx::connection wire;
  NoticeLog notices;
};
using ConnectionPtr = std::unique_ptr<Connection>;

}  // namespace carillon
