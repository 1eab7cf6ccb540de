#include "tests/support/web_receiver.h"

#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <thread>

#include "server/base/guarded.h"

namespace carillon::test {

struct WebReceiver::Inside {
  httplib::Server server;
  int port = 0;
  Guarded<std::vector<Posted>> posted;
  std::vector<WebAnswer> answers;
  std::thread thread;
};

WebReceiver::WebReceiver(std::vector<WebAnswer> answers) : inside_(std::make_unique<Inside>()) {
  Inside& in = *inside_;
  in.answers = std::move(answers);
  const auto take = [&in](const httplib::Request& request, httplib::Response& response) {
    Posted post{request.path, {}, request.body, request.method};
    for (const auto& [name, value] : request.headers) {
      std::string small = name;
      std::transform(small.begin(), small.end(), small.begin(),
                     [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
      post.headers[small] = value;
    }
    const std::size_t before = in.posted.with([&](auto& all) {
      all.push_back(std::move(post));
      return all.size() - 1;
    });
    const WebAnswer& answer = in.answers[std::min(before, in.answers.size() - 1)];
    if (answer.meanwhile) answer.meanwhile();
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.set_header(name, value);
    response.set_content(answer.body, answer.content_type);
  };
  in.server.Get(".*", take).Post(".*", take).Put(".*", take).Patch(".*", take).Delete(".*", take);
  in.port = in.server.bind_to_any_port("127.0.0.1");
  in.thread = std::thread{[&in] { in.server.listen_after_bind(); }};
  while (!in.server.is_running()) std::this_thread::yield();
}

WebReceiver::~WebReceiver() {
  inside_->server.stop();
  inside_->thread.join();
}

std::string WebReceiver::host() const { return "127.0.0.1:" + std::to_string(inside_->port); }

std::vector<Posted> WebReceiver::posted() const {
  return inside_->posted.with([](const auto& all) { return all; });
}

}  // namespace carillon::test
