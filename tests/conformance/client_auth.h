// How the client under test signs in: an OAuthClient for the suite's scene. Its fake issuers redirect at once, so the
// "person in a browser" is a request whose redirect is read.
#pragma once

#include <memory>

#include "tests/conformance/session.h"

namespace carillon::conformance {

std::shared_ptr<transport::HttpAuthorizer> make_authorizer(const Scene& scene);

}  // namespace carillon::conformance
