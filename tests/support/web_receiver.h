// A real web server in a thread of the test's own, on a free loopback port: it keeps what it was sent, by whatever
// method, and answers as the test says, the last answer for ever.
//
// Belongs to the test's thread; posted() may be asked at any time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace carillon::test {

struct Posted {
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string method{};
};

struct WebAnswer {
  int status = 200;
  std::map<std::string, std::string> headers{};
  std::string body{};
  std::function<void()> meanwhile{};  // called before it answers
  std::string content_type = "text/plain";
};

class WebReceiver {
 public:
  explicit WebReceiver(std::vector<WebAnswer> answers = {{}});
  ~WebReceiver();
  WebReceiver(const WebReceiver&) = delete;
  WebReceiver& operator=(const WebReceiver&) = delete;

  std::string host() const;  // "127.0.0.1:34567"
  std::string url(const std::string& path = "/hook") const { return "http://" + host() + path; }
  std::vector<Posted> posted() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace carillon::test
