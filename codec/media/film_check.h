// Private to codec/media: whether a file is the one that its writer finished. Readers of containers pass over what they do not
// understand, so a byte changed outside of our packets, which carry checks of their own, may lose a second of film without a word.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codec/base/status.h"

namespace laconic {

// Appends a box to a QuickTime file: size 28, "uuid", 16 bytes of name, and the CRC-32 of all bytes before it; or leaves it as it is.
Status append_check(const std::string& path);

// Reads all of the file; container: libavformat's name. QuickTime: the chain of its boxes, and that check if it is there; Matroska:
// the chain of its elements, and the CRC-32 that libavformat puts first in each. Others pass. kCorrupt, or kNeedMoreData where the
// file ends early.
Status check_film_file(const std::string& path, const std::string& container);

// Of a QuickTime file that ends within a box, and holds samples before: where that box begins.
std::optional<uint64_t> end_of_whole_fragments(const std::string& path);

}  // namespace laconic
