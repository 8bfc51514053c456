// Pictures and streams in and out, with errors that say what a wrong file is.
#pragma once

#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/media/input_file.h"

namespace laconic::cli {

// A picture file; a .lac file is refused by name. "-" is standard input.
Result<Image> read_picture(const std::string& path, const Limits& limits, std::vector<std::string>* warnings);

// The same of bytes that are there already.
Result<Image> read_picture_bytes(ByteSpan bytes, const Limits& limits);

// A .lac file; pictures and the like are refused by name. "-" is standard input.
Result<InputFile> open_stream(const std::string& path, const Limits& limits);

// Either of the two, for compare; is_laconic_stream() of the bytes tells which.
Result<InputFile> open_input(const std::string& path, const Limits& limits);

// For "-": refuses to send binary bytes to a terminal.
Status check_stdout(const std::string& output);

}  // namespace laconic::cli
