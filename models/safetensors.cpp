#include "models/safetensors.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "codec/base/checked.h"

namespace laconic {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr char kMetadataKey[] = "__metadata__";

struct TypeName {
  const char* name;
  torch::ScalarType type;
};
constexpr TypeName kTypes[] = {{"F16", torch::kFloat16}, {"F32", torch::kFloat32}, {"I8", torch::kInt8},
                               {"U8", torch::kUInt8},    {"I16", torch::kInt16},   {"I32", torch::kInt32},
                               {"I64", torch::kInt64}};

struct Entry {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  // bytes, from the end of the header
};

// Reads the header event by event. So its depth is bounded by the grammar below and not by the stack, names that come
// twice are seen, and nothing is kept that the format does not know:
//   { "__metadata__": { text: text ... }, name: { "dtype": text, "shape": [n ...], "data_offsets": [n, n] } ... }
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
  std::string problem;  // set when a callback returned false

  bool start_object(size_t) override {
    if (place_ == Place::kStart) return go(Place::kTop);
    if (place_ == Place::kTop && !key_.empty()) {
      if (key_ == kMetadataKey) return go(Place::kMetadata);
      entries.push_back({key_, {}, {}, 0, 0});
      fields_.clear();
      return go(Place::kEntry);
    }
    return fail("an object where none belongs");
  }

  bool end_object() override {
    if (place_ == Place::kTop) return go(Place::kEnd);
    if (place_ == Place::kEntry && fields_.size() != 3) return fail("tensor '" + entries.back().name + "' lacks a field");
    key_.clear();
    return go(Place::kTop);
  }

  bool key(string_t& name) override {
    key_ = name;
    const bool is_field = name == "dtype" || name == "shape" || name == "data_offsets";
    if (place_ == Place::kEntry && !is_field) return fail("unknown field '" + name + "'");
    std::set<std::string>& seen = place_ == Place::kTop ? names_ : place_ == Place::kEntry ? fields_ : metadata_keys_;
    if (!seen.insert(name).second) return fail("the name '" + name + "' twice");
    if (place_ == Place::kTop && name.empty()) return fail("a tensor without a name");
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::kMetadata) {
      metadata[key_] = text;
    } else if (place_ == Place::kEntry && key_ == "dtype") {
      entries.back().dtype = text;
    } else {
      return fail("a text where none belongs");
    }
    return true;
  }

  bool start_array(size_t) override {
    if (place_ != Place::kEntry || key_ == "dtype") return fail("a list where none belongs");
    numbers_.clear();
    return go(Place::kNumbers);
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::kNumbers) return fail("a number where none belongs");
    if (numbers_.size() >= kMaxSafetensorsDims) return fail("a list of more than 8 numbers");
    if (value > static_cast<uint64_t>(INT64_MAX)) return fail("a number above 2^63 - 1");
    numbers_.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool end_array() override {
    if (key_ == "shape") {
      entries.back().shape = numbers_;
    } else {
      if (numbers_.size() != 2) return fail("data_offsets of '" + entries.back().name + "' are not two numbers");
      entries.back().begin = static_cast<uint64_t>(numbers_[0]);
      entries.back().end = static_cast<uint64_t>(numbers_[1]);
    }
    return go(Place::kEntry);
  }

  bool null() override { return fail("a null"); }
  bool boolean(bool) override { return fail("a truth value"); }
  bool number_integer(number_integer_t) override { return fail("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return fail("a fraction"); }
  bool binary(binary_t&) override { return fail("binary"); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail("no JSON at byte " + std::to_string(position));
  }

 private:
  enum class Place { kStart, kTop, kMetadata, kEntry, kNumbers, kEnd };
  bool go(Place place) {
    place_ = place;
    return true;
  }
  bool fail(std::string what) {
    if (problem.empty()) problem = std::move(what);
    return false;
  }

  Place place_ = Place::kStart;
  std::string key_;
  std::vector<int64_t> numbers_;
  std::set<std::string> names_, fields_, metadata_keys_;
};

Result<torch::ScalarType> scalar_type(const Entry& entry) {
  for (const TypeName& known : kTypes) {
    if (entry.dtype == known.name) return known.type;
  }
  return unsupported("tensor '" + entry.name + "' is of type " + entry.dtype.substr(0, 16) +
                     "; F16, F32, I8, U8, I16, I32 and I64 are known");
}

// Offsets that cover the data without holes and overlaps, each tensor as long as its type and shape say.
Status check_entries(std::vector<Entry>* entries, uint64_t data_bytes) {
  std::sort(entries->begin(), entries->end(), [](const Entry& a, const Entry& b) {
    return std::make_pair(a.begin, a.end) < std::make_pair(b.begin, b.end);
  });
  uint64_t covered = 0;
  for (const Entry& entry : *entries) {
    const std::string which = "tensor '" + entry.name + "' ";
    LACONIC_ASSIGN_OR_RETURN(const torch::ScalarType type, scalar_type(entry));
    // A side of 0 counts as 1 here: LibTorch makes strides of the other sides even of a tensor without elements.
    std::optional<uint64_t> size = c10::elementSize(type);
    bool is_empty = false;
    for (const int64_t side : entry.shape) {
      is_empty = is_empty || side == 0;
      if (size) size = checked_mul(*size, static_cast<uint64_t>(std::max<int64_t>(side, 1)));
    }
    if (!size || *size > kMaxSafetensorsFileBytes) return corrupt(which + "has a shape of more than 1 GiB");
    if (is_empty) size = 0;
    if (entry.end < entry.begin) return corrupt(which + "ends before it begins");
    if (*size != entry.end - entry.begin) {
      return corrupt(which + "has " + std::to_string(entry.end - entry.begin) + " bytes, its shape and type ask for " +
                     std::to_string(*size));
    }
    if (entry.begin != covered) {
      return corrupt(which + "begins at " + std::to_string(entry.begin) + ", the one before ends at " + std::to_string(covered));
    }
    covered = entry.end;
    if (covered > data_bytes) {
      return need_more_data(which + "ends at " + std::to_string(covered) + " of " + std::to_string(data_bytes) + " bytes");
    }
  }
  if (covered != data_bytes) {
    return corrupt("the tensors end at " + std::to_string(covered) + " of " + std::to_string(data_bytes) + " bytes");
  }
  return ok_status();
}

uint64_t read_length(const uint8_t* bytes) {
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | bytes[i];
  return length;
}

// file: uint8 [size], owned by nobody else
Result<SafetensorsFile> parse_owned(const torch::Tensor& file) {
  auto* bytes = file.data_ptr<uint8_t>();
  const auto size = static_cast<uint64_t>(file.numel());
  if (size < kLengthBytes) return need_more_data("a safetensors file of " + std::to_string(size) + " bytes");
  const uint64_t header_bytes = read_length(bytes);
  if (header_bytes > kMaxSafetensorsHeaderBytes) {
    return limit_exceeded("a safetensors header of " + std::to_string(header_bytes) + " bytes, at most " +
                          std::to_string(kMaxSafetensorsHeaderBytes) + " are taken");
  }
  const uint64_t data_start = kLengthBytes + header_bytes;
  if (data_start > size) return need_more_data("the safetensors file ends inside its header");

  HeaderReader header;
  const char* text = reinterpret_cast<const char*>(bytes) + kLengthBytes;
  if (header_bytes == 0 || text[0] != '{') return corrupt("the safetensors header does not begin with '{'");
  if (!nlohmann::json::sax_parse(text, text + header_bytes, &header)) {
    return corrupt("the safetensors header holds " + header.problem);
  }
  LACONIC_RETURN_IF_ERROR(check_entries(&header.entries, size - data_start));

  SafetensorsFile result;
  for (const Entry& entry : header.entries) {
    LACONIC_ASSIGN_OR_RETURN(const torch::ScalarType type, scalar_type(entry));
    uint8_t* begin = bytes + data_start + entry.begin;
    // The tensor keeps the whole file in memory alive. Other writers may leave a tensor unaligned: that one is copied.
    const bool is_aligned = reinterpret_cast<uintptr_t>(begin) % c10::elementSize(type) == 0;
    if (is_aligned && entry.begin != entry.end) {
      result.tensors[entry.name] = torch::from_blob(begin, entry.shape, [file](void*) {}, type);
    } else {
      auto tensor = torch::empty(entry.shape, type);
      if (tensor.numel() > 0) std::memcpy(tensor.data_ptr(), begin, entry.end - entry.begin);
      result.tensors[entry.name] = tensor;
    }
  }
  result.metadata = std::move(header.metadata);
  result.sha256 = sha256({bytes, size});
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::string system_text() { return std::strerror(errno); }

}  // namespace

Result<SafetensorsFile> parse_safetensors(ByteSpan bytes) {
  if (bytes.size() > kMaxSafetensorsFileBytes) return limit_exceeded("safetensors of more than 1 GiB");
  const auto copy = torch::empty({static_cast<int64_t>(bytes.size())}, torch::kUInt8);
  if (!bytes.empty()) std::memcpy(copy.data_ptr<uint8_t>(), bytes.data(), bytes.size());
  return parse_owned(copy);
}

Result<SafetensorsFile> read_safetensors(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return io_error("cannot open " + path + ": " + system_text());
  struct stat about = {};
  if (::fstat(file.number(), &about) != 0) return io_error("cannot ask the size of " + path + ": " + system_text());
  if (!S_ISREG(about.st_mode)) return io_error(path + " is not a regular file");
  const auto size = static_cast<uint64_t>(about.st_size);
  if (size > kMaxSafetensorsFileBytes) {
    return limit_exceeded(path + " has " + std::to_string(size) + " bytes, weights have at most " +
                          std::to_string(kMaxSafetensorsFileBytes));
  }
  const auto bytes = torch::empty({static_cast<int64_t>(size)}, torch::kUInt8);
  for (uint64_t done = 0; done < size;) {
    const ssize_t got = ::read(file.number(), bytes.data_ptr<uint8_t>() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read " + path + ": " + system_text());
    if (got == 0) return io_error(path + " became shorter while it was read");
    done += static_cast<uint64_t>(got);
  }
  auto parsed = parse_owned(bytes);
  if (!parsed.ok()) return Status(parsed.status().code(), path + ": " + parsed.status().message());
  return parsed;
}

namespace {

struct Piece {
  std::string name;
  torch::Tensor tensor;  // on the CPU, contiguous
  const char* dtype;
};

Result<std::vector<Piece>> pieces_of(const std::map<std::string, torch::Tensor>& tensors) {
  std::vector<Piece> pieces;
  for (const auto& [name, tensor] : tensors) {
    if (name.empty() || name == kMetadataKey) return invalid_argument("a tensor cannot be named '" + name + "'");
    if (!tensor.defined() || static_cast<size_t>(tensor.dim()) > kMaxSafetensorsDims) {
      return invalid_argument("tensor '" + name + "' is not defined or has more than 8 dimensions");
    }
    const char* dtype = nullptr;
    for (const TypeName& known : kTypes) {
      if (tensor.scalar_type() == known.type) dtype = known.name;
    }
    if (!dtype) return invalid_argument("tensor '" + name + "' is of a type that is not written");
    pieces.push_back({name, tensor.detach().to(torch::kCPU).contiguous(), dtype});
  }
  // Wide elements first, by name among equals: then each tensor is aligned without holes, which the format forbids.
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return a.tensor.element_size() > b.tensor.element_size();
  });
  return pieces;
}

Result<std::string> header_of(const std::vector<Piece>& pieces, const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();  // keeps its keys sorted
  if (!metadata.empty()) header[kMetadataKey] = metadata;
  uint64_t offset = 0;
  for (const Piece& piece : pieces) {
    const uint64_t end = offset + piece.tensor.nbytes();
    header[piece.name] = {{"dtype", piece.dtype}, {"shape", piece.tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {  // dump() takes UTF-8 only
    return invalid_argument("a tensor's name or the metadata is not UTF-8");
  }
  text.resize(static_cast<size_t>(ceil_div(static_cast<int64_t>(text.size()), 8) * 8), ' ');
  if (text.size() > kMaxSafetensorsHeaderBytes) return limit_exceeded("the safetensors header would pass 4 MiB");
  if (text.size() + kLengthBytes + offset > kMaxSafetensorsFileBytes) return limit_exceeded("the weights would pass 1 GiB");
  return text;
}

// A tensor without elements has no address, and fwrite takes none but a real one.
bool write_all(std::FILE* file, const void* bytes, size_t size) {
  return size == 0 || std::fwrite(bytes, 1, size, file) == size;
}

}  // namespace

Status write_safetensors(const std::string& path, const std::map<std::string, torch::Tensor>& tensors,
                         const std::map<std::string, std::string>& metadata) {
  LACONIC_ASSIGN_OR_RETURN(const std::vector<Piece> pieces, pieces_of(tensors));
  LACONIC_ASSIGN_OR_RETURN(const std::string header, header_of(pieces, metadata));
  const std::string temporary = path + ".tmp" + std::to_string(::getpid());
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  if (!file) return io_error("cannot write " + temporary + ": " + system_text());
  uint8_t length[kLengthBytes];
  for (size_t i = 0; i < kLengthBytes; ++i) length[i] = static_cast<uint8_t>(header.size() >> (8 * i));
  bool is_written = write_all(file, length, sizeof length) && write_all(file, header.data(), header.size());
  for (const Piece& piece : pieces) {
    is_written = is_written && write_all(file, piece.tensor.data_ptr(), piece.tensor.nbytes());
  }
  is_written = is_written && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  is_written = std::fclose(file) == 0 && is_written;
  if (!is_written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string reason = system_text();
    std::remove(temporary.c_str());
    return io_error("cannot write " + path + ": " + reason);
  }
  return ok_status();
}

}  // namespace laconic
