#include "codec/media/quicktime_language.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace laconic {
namespace {

// libavformat's spellings that are ISO 639-2 as well.
constexpr std::string_view kShared[] = {
    "eng", "fra", "ger", "ita", "dut", "spa", "dan", "por", "nor", "heb", "jpn", "ara", "fin", "gre", "ice", "mlt", "tur", "chi", "urd",
    "hin", "tha", "kor", "lit", "pol", "hun", "est", "lav", "smi", "per", "rus", "alb", "ron", "ces", "slk", "slv", "yid", "mac", "bul",
    "ukr", "bel", "uzb", "kaz", "aze", "arm", "geo", "mol", "kir", "tgk", "tuk", "mon", "pus", "kur", "kas", "snd", "tib", "nep", "san",
    "mar", "ben", "asm", "guj", "ori", "mal", "kan", "tam", "tel", "sin", "bur", "khm", "lao", "vie", "ind", "tgl", "may", "amh", "tir",
    "orm", "som", "swa", "kin", "run", "nya", "mlg", "epo", "wel", "baq", "cat", "lat", "que", "grn", "aym", "tat", "uig", "dzo", "jav"};

struct Spelling {
  std::string_view iso;
  std::string_view quicktime;
};
constexpr Spelling kOnlyThere[] = {{"swe", "sve"}, {"hrv", "hr "}, {"srp", "sr "}, {"fao", "fo "}, {"pan", "pa "}, {"gle", "iri"}};
// The other of the two spellings that some languages have.
constexpr Spelling kOther[] = {{"deu", "ger"}, {"fre", "fra"}, {"nld", "dut"}, {"ell", "gre"}, {"isl", "ice"}, {"zho", "chi"}, {"fas", "per"},
                               {"sqi", "alb"}, {"rum", "ron"}, {"cze", "ces"}, {"slo", "slk"}, {"mkd", "mac"}, {"hye", "arm"}, {"kat", "geo"},
                               {"bod", "tib"}, {"mya", "bur"}, {"msa", "may"}, {"cym", "wel"}, {"eus", "baq"}};

template <size_t N>
std::string_view spelled(const Spelling (&table)[N], std::string_view Spelling::*known, std::string_view Spelling::*wanted,
                         std::string_view language) {
  for (const Spelling& spelling : table) {
    if (spelling.*known == language) return spelling.*wanted;
  }
  return {};
}

}  // namespace

std::string to_quicktime_language(const std::string& language) {
  if (std::find(std::begin(kShared), std::end(kShared), language) != std::end(kShared)) return language;
  const std::string_view other = spelled(kOther, &Spelling::iso, &Spelling::quicktime, language);
  return std::string(!other.empty() ? other : spelled(kOnlyThere, &Spelling::iso, &Spelling::quicktime, language));
}

std::string from_quicktime_language(const std::string& language) {
  const std::string_view iso = spelled(kOnlyThere, &Spelling::quicktime, &Spelling::iso, language);
  return iso.empty() ? language : std::string(iso);
}

}  // namespace laconic
