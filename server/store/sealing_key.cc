#include "server/store/sealing_key.h"

#include <pqxx/pqxx>
#include <stdexcept>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

std::string read_sealing_key(Store& store, const char* name) {
  return store.across_tenants([&](Tx& tx) {
    const pqxx::result rows = tx.exec(sql::find_sealing_key, name);
    if (rows.empty()) throw std::runtime_error("carillon.sealing_key has no row " + std::string{name});
    return column<Bytes>(rows[0]["key"]).data;
  });
}

}  // namespace carillon
