// Private to codec/media: QuickTime in fragments, which plays however early its writer ends, to QuickTime with one index at its
// start, which says for every packet how long it lasts and by an edit list where the first one's time begins.
#pragma once

#include <string>

#include "codec/base/status.h"

namespace laconic {

// Replaces the file, or leaves it as it is.
Status rewrite_without_fragments(const std::string& path);

}  // namespace laconic
