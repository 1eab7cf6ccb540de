// What a server asks of us in the middle of its work (reference A9 and B3): a form to fill in, a sample of a model, our
// roots. In a modern exchange the questions come as a result and the answers go with the repeated request; in a legacy
// one they are requests of the server's. Whoever uses the client sees one shape for both.
//
// Values and pure functions; thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/base/json.h"
#include "transport/tool_service.h"

namespace carillon::transport {

inline constexpr std::size_t kQuestionsMax = 100;  // in one request

// Whether it is elicitation/create, sampling/createMessage or roots/list.
bool is_input_method(std::string_view method);
// One of a server's questions. Nothing: it is none that any revision knows.
std::optional<InputRequest> read_question(const json& question);

// The result that answers it; or why it will not be answered, which ends the request that it is about with that
// message.
using InputAnswer = std::variant<json, ProtocolError>;
using InputHandler = std::function<void(const InputRequest&, std::function<void(InputAnswer)> answer)>;

// The content of a form in which nothing was filled in: the defaults of its fields.
json default_content(const json& requested_schema);

}  // namespace carillon::transport
