// The two logins that the second wall needs (docs/adr/0004-second-wall.md): carillon_app for callers, carillon_dispatch
// for the scheduler and the workers. Made by us where the database is ours, before the first migration. Stateless.
#pragma once

#include <string>

namespace carillon {

inline constexpr char kAppLogin[] = "carillon_app";
inline constexpr char kDispatchLogin[] = "carillon_dispatch";

struct LoginPasswords {
  std::string app, dispatch;
};

// Needs an owner that may create roles. Safe to repeat; the given passwords are the ones that hold afterwards.
void make_logins(const std::string& owner_url, const LoginPasswords& passwords);

}  // namespace carillon
