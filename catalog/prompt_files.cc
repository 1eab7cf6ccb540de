#include "catalog/prompt_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "catalog/prompts.h"

namespace carillon::catalog {
namespace {

namespace fs = std::filesystem;

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& taken) : taken_(taken) {}

  void read(const std::string& file, const std::string& name, const std::string& text) {
    if (const std::string wrong = wrong_with_prompt_name(name); !wrong.empty()) return refuse(file, {1, wrong});
    if (std::find(taken_.begin(), taken_.end(), name) != taken_.end())
      return refuse(file, {1, "Carillon has a prompt of the name " + name + "; give the file another name"});
    auto prompt = read_prompt_template(name, text);
    files_.erase(name);
    if (const auto* fault = std::get_if<PromptFault>(&prompt)) return refuse(file, *fault);
    files_.emplace(name, PromptFile{std::get<PromptTemplate>(std::move(prompt)), text});
  }
  void refuse(const std::string& file, const PromptFault& fault) {
    problems_.push_back(file + ":" + std::to_string(fault.line) + ": " + fault.message);
  }
  PromptFilesRead done() {
    PromptFilesRead read{.files = {}, .problems = std::move(problems_)};
    for (auto& [name, file] : files_) read.files.push_back(std::move(file));
    return read;
  }

 private:
  const std::vector<std::string>& taken_;
  std::map<std::string, PromptFile> files_;
  std::vector<std::string> problems_;
};

// One byte more than a file may have is enough to refuse it.
void read_file(Reader& reader, const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text(kPromptFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const bool was_read = file.is_open() && !file.bad();
  reader.read(path.string(), path.stem().string(), was_read ? text : "");
}

// By name, so that problems come in the same order each time.
std::vector<fs::path> files_of(const std::string& directory, std::error_code& failure) {
  std::vector<fs::path> paths;
  for (fs::directory_iterator each{directory, failure}, end; !failure && each != end; each.increment(failure))
    if (each->path().extension() == ".md") paths.push_back(each->path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

PromptFilesRead read_prompt_files(const std::string& directory, const std::vector<std::string>& taken) {
  Reader reader{taken};
  for (const auto& shipped : prompts::kAll)
    reader.read("catalog/prompts/" + std::string{shipped.name} + ".md", std::string{shipped.name},
                std::string{shipped.text});
  std::error_code failure;
  const auto paths = files_of(directory, failure);
  if (failure && failure != std::errc::no_such_file_or_directory)
    reader.refuse(directory, {1, "the directory cannot be read: " + failure.message()});
  if (paths.size() > kPromptFilesMax)
    reader.refuse(directory, {1, "there are more than " + std::to_string(kPromptFilesMax) + " files; those behind " +
                                     paths[kPromptFilesMax - 1].filename().string() + " are left out"});
  for (std::size_t i = 0; i < std::min(paths.size(), kPromptFilesMax); ++i) read_file(reader, paths[i]);
  return reader.done();
}

}  // namespace carillon::catalog
