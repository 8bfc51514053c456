#include "codec/media/png_file.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>
#include <vector>

#include "codec/media/image_samples.h"
#include "codec/media/png_chunks.h"

namespace laconic {
namespace {

constexpr size_t kReleaseEveryBytes = 8u << 20;

// Note [libpng and setjmp]: libpng reports by longjmp, which runs no destructors. The functions that call setjmp
// (decode_rows, encode_rows) and the callbacks therefore hold plain values only; everything owned lives in their
// callers.

void keep_error(png_structp png, png_const_charp message) {
  auto* text = static_cast<char*>(png_get_error_ptr(png));
  std::snprintf(text, 128, "%s", message);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

struct PngReader {
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }

  png_structp png = nullptr;
  png_infop info = nullptr;
  const InputFile* input = nullptr;
  size_t offset = 0;
  size_t released = 0;
  Image* image = nullptr;
  char error[128] = "";
};

void read_bytes(png_structp png, png_bytep target, size_t count) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  const ByteSpan bytes = reader->input->bytes();
  if (count > bytes.size() - reader->offset) png_error(png, "the file ends early");
  std::memcpy(target, bytes.data() + reader->offset, count);
  reader->offset += count;
  if (reader->offset - reader->released > kReleaseEveryBytes) {
    reader->input->release_before(reader->offset);
    reader->released = reader->offset;
  }
}

void configure(PngReader* reader) {
  png_structp png = reader->png;
  png_set_read_fn(png, reader, read_bytes);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // outline_png() has compared them with ours
  // Read by outline_png(), or of no use; their checksums are still looked at.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
  static const png_byte kSkipped[] = "iCCP\0eXIf\0iTXt\0zTXt\0tEXt\0gAMA\0cHRM\0sRGB\0sPLT\0hIST\0";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, kSkipped, (sizeof(kSkipped) - 1) / 5);
}

// See Note [libpng and setjmp].
bool decode_rows(PngReader* reader) {
  png_structp png = reader->png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  configure(reader);
  png_read_info(png, reader->info);
  png_set_expand(png);
  const png_uint_16 one = 1;
  if (*reinterpret_cast<const png_byte*>(&one) == 1) png_set_swap(png);
  const int num_passes = png_set_interlace_handling(png);
  png_read_update_info(png, reader->info);
  const Image& image = *reader->image;
  const size_t row_bytes = image.row_bytes();
  if (png_get_rowbytes(png, reader->info) != row_bytes) png_error(png, "its chunks contradict each other");
  for (int pass = 0; pass < num_passes; ++pass) {
    for (int y = 0; y < image.height_px; ++y) {
      png_read_row(png, reader->image->samples.data() + static_cast<size_t>(y) * row_bytes, nullptr);
    }
  }
  png_read_end(png, nullptr);
  return true;
}

struct PngWriter {
  ~PngWriter() { png_destroy_write_struct(&png, &info); }

  png_structp png = nullptr;
  png_infop info = nullptr;
  const Image* image = nullptr;
  const std::vector<PngChunk>* chunks = nullptr;
  int level = 0;
  ByteSink* sink = nullptr;
  Status sink_status;
  char error[128] = "";
};

// No exception may pass through libpng either.
bool append_to_sink(PngWriter* writer, const uint8_t* bytes, size_t count) noexcept {
  try {
    writer->sink_status = writer->sink->append({bytes, count});
  } catch (const std::bad_alloc&) {
    writer->sink_status = limit_exceeded("there is not enough memory to write the PNG");
  }
  return writer->sink_status.ok();
}

void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  auto* writer = static_cast<PngWriter*>(png_get_io_ptr(png));
  if (!append_to_sink(writer, bytes, count)) png_error(png, "the output cannot be written");
}

void flush_nothing(png_structp) {}

// See Note [libpng and setjmp].
bool encode_rows(PngWriter* writer) {
  png_structp png = writer->png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  static const int kColourTypes[5] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                      PNG_COLOR_TYPE_RGB_ALPHA};
  const Image& image = *writer->image;
  png_set_write_fn(png, writer, write_bytes, flush_nothing);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_compression_level(png, writer->level);
  png_set_compression_buffer_size(png, 1u << 18);
  png_set_IHDR(png, writer->info, static_cast<png_uint_32>(image.width_px), static_cast<png_uint_32>(image.height_px),
               image.bit_depth, kColourTypes[image.num_channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, writer->info);
  for (size_t i = 0; i < writer->chunks->size(); ++i) {
    const PngChunk& chunk = (*writer->chunks)[i];
    png_write_chunk(png, reinterpret_cast<png_const_bytep>(chunk.type), chunk.payload.data(), chunk.payload.size());
  }
  const png_uint_16 one = 1;
  if (*reinterpret_cast<const png_byte*>(&one) == 1) png_set_swap(png);
  for (int y = 0; y < image.height_px; ++y) {
    png_write_row(png, image.samples.data() + static_cast<size_t>(y) * image.row_bytes());
  }
  png_write_end(png, nullptr);
  return true;
}

}  // namespace

Result<Image> read_png(const InputFile& input, const ImageReadOptions& options) {
  LACONIC_ASSIGN_OR_RETURN(PngOutline outline, outline_png(input.bytes(), options.limits, options.warnings));
  LACONIC_ASSIGN_OR_RETURN(Image image,
                           allocate_image(outline.width_px, outline.height_px, outline.num_channels(),
                                          outline.bit_depth == 16 ? 16 : 8, options.limits));
  PngReader reader;
  reader.input = &input;
  reader.image = &image;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader.error, keep_error, ignore_warning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) return limit_exceeded("there is not enough memory to read the PNG");
  if (!decode_rows(&reader)) return corrupt(std::string("the PNG is damaged: ") + reader.error);
  if (outline.is_animated) add_warning(options.warnings, "the PNG is animated: only its first frame is read");
  image.metadata = std::move(outline.metadata);
  return image;
}

Status write_png(const Image& image, const ImageMetadata& metadata, int level, ByteSink& sink) {
  LACONIC_ASSIGN_OR_RETURN(const std::vector<PngChunk> chunks, metadata_chunks(metadata));
  PngWriter writer;
  writer.image = &image;
  writer.chunks = &chunks;
  writer.level = level;
  writer.sink = &sink;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer.error, keep_error, ignore_warning);
  if (writer.png != nullptr) writer.info = png_create_info_struct(writer.png);
  if (writer.info == nullptr) return limit_exceeded("there is not enough memory to write the PNG");
  if (encode_rows(&writer)) return ok_status();
  LACONIC_RETURN_IF_ERROR(writer.sink_status);
  return invalid_argument(std::string("the PNG cannot be written: ") + writer.error);
}

}  // namespace laconic
