#include "apps/cli/files.h"

#include <fmt/format.h>
#include <unistd.h>

#include "apps/cli/file_kind.h"
#include "apps/cli/interrupt.h"
#include "codec/media/image_file.h"

namespace laconic::cli {
namespace {

Status check_is_not_stream(ByteSpan bytes) {
  if (!is_laconic_stream(bytes)) return ok_status();
  return corrupt("is a Laconic stream already; 'laconic decode' turns it into a picture");
}

// A file that is no picture at all is bad input, not a picture that this build happens not to read.
Status explain_unread(const Status& status, ByteSpan bytes) {
  const std::string kind = describe_file_kind(bytes);
  if (status.code() != StatusCode::kUnsupported || kind.find("picture") != std::string::npos) return status;
  return corrupt(kind.empty() ? status.message() : fmt::format("is {}, not a picture", kind));
}

Status check_is_stream(ByteSpan bytes) {
  if (bytes.empty()) return need_more_data("is empty");
  const std::string kind = describe_file_kind(bytes);
  if (is_laconic_stream(bytes) || kind.empty()) return ok_status();  // unknown bytes are the parser's to name
  return corrupt(fmt::format("is {}, not a Laconic stream", kind));
}

}  // namespace

Result<InputFile> open_input(const std::string& path, const Limits& limits) {
  const EndOnInterrupt nothing_to_clean_up;
  return InputFile::open(path, limits.max_stream_bytes);
}

Result<Image> read_picture(const std::string& path, const Limits& limits, std::vector<std::string>* warnings) {
  LACONIC_ASSIGN_OR_RETURN(const InputFile file, open_input(path, limits));
  if (file.bytes().empty()) return need_more_data("is empty");
  LACONIC_RETURN_IF_ERROR(check_is_not_stream(file.bytes()));
  const EndOnInterrupt nothing_to_clean_up;
  ImageReadOptions options;
  options.limits = limits;
  options.warnings = warnings;
  // By path where there is one: the reader then gives pages of a large file back as it goes.
  auto image = path == "-" ? read_image_bytes(file.bytes(), options) : read_image(path, options);
  return image.ok() ? std::move(image) : explain_unread(image.status(), file.bytes());
}

Result<Image> read_picture_bytes(ByteSpan bytes, const Limits& limits) {
  if (bytes.empty()) return need_more_data("is empty");
  ImageReadOptions options;
  options.limits = limits;
  auto image = read_image_bytes(bytes, options);
  return image.ok() ? std::move(image) : explain_unread(image.status(), bytes);
}

Result<InputFile> open_stream(const std::string& path, const Limits& limits) {
  LACONIC_ASSIGN_OR_RETURN(InputFile file, open_input(path, limits));
  LACONIC_RETURN_IF_ERROR(check_is_stream(file.bytes()));
  return file;
}

Status check_stdout(const std::string& output) {
  if (output != "-" || isatty(STDOUT_FILENO) != 1) return ok_status();
  return invalid_argument("standard output is a terminal; name a file, or send the bytes on with > or |");
}

}  // namespace laconic::cli
