#include "server/store/logins.h"

#include <pqxx/pqxx>

#include "server/store/connection.h"
#include "server/store/connection_url.h"
#include "server/store/sql.h"
#include "server/store/store.h"

namespace carillon {

void make_logins(const std::string& owner_url, const LoginPasswords& passwords) {
  Connection connection{connection_string(owner_url, std::chrono::seconds{10})};
  pqxx::work work{connection.wire};
  Tx tx{work, PreparedStatements::off};
  tx.exec(sql::set_login_passwords, passwords.app, passwords.dispatch);
  tx.exec(sql::make_logins);
  work.commit();
}

}  // namespace carillon
