// Names what a file is by its first bytes, for error messages that help.
#pragma once

#include <string>

#include "codec/base/span.h"

namespace laconic::cli {

bool is_laconic_stream(ByteSpan bytes);

// "a JPEG picture", "a PDF document", ...; empty if the first bytes say nothing.
std::string describe_file_kind(ByteSpan bytes);

// The extension in lower case without its dot ("png"), or empty.
std::string extension_of(const std::string& path);

// True for extensions by which pictures are commonly named.
bool is_picture_extension(const std::string& extension);

}  // namespace laconic::cli
