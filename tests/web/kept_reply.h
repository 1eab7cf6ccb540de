// What a route answers, kept for its test.
#pragma once

#include <future>

#include "transport/http_handler.h"

namespace carillon::web {

class Kept final : public transport::HttpReply {
 public:
  void send(transport::HttpResponse response) override { sent.set_value(std::move(response)); }
  void begin_stream(transport::HttpResponse) override {}
  bool write(std::string_view) override { return false; }
  void finish() override {}
  std::promise<transport::HttpResponse> sent;
};

}  // namespace carillon::web
