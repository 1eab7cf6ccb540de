// The codes that this room answers with, by their names (RFC 9110 §15).
#pragma once

namespace carillon::web {

inline constexpr int kOk = 200, kAccepted = 202, kBadRequest = 400, kUnauthorized = 401, kForbidden = 403,
                     kNotFound = 404, kConflict = 409, kTooLarge = 413, kUnsupportedMediaType = 415, kTooMany = 429,
                     kInternal = 500, kBadGateway = 502, kUnavailable = 503;

}  // namespace carillon::web
