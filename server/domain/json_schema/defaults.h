// What a schema's `default`s say of members that a value lacks: `{"properties": {"city": {"default": "Chisinau"}}}`.
//
// Walks `properties` of objects, those inside of objects that are there or came by default too, and `items` of lists;
// nothing else of the schema is followed, so a default behind a reference or a condition is not taken. What the value
// has is left as it is, whether it fits or not. Pure; thread-safe.
#pragma once

#include "server/base/json.h"

namespace carillon::json_schema {

json with_defaults(const json& schema, json value);

}  // namespace carillon::json_schema
