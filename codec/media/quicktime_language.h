// Private to codec/media: languages as QuickTime numbers them. libavformat knows these numbers by spellings of its own.
#pragma once

#include <string>

namespace laconic {

// From ISO 639-2 (either spelling) to what libavformat's writer of QuickTime understands; empty where QuickTime has no number.
std::string to_quicktime_language(const std::string& language);
// From what its reader says to ISO 639-2.
std::string from_quicktime_language(const std::string& language);

}  // namespace laconic
