// gdk-pixbuf's module for .lac: viewers, file managers and thumbnailers that know nothing of Laconic open our pictures.
//
//   gdk-pixbuf-thumbnailer -s 256 photo.lac photo.png
//
// gdk-pixbuf opens this library when a file begins with our magic, and calls it through the table that fill_vtable fills:
//   begin_load --> load_increment, many times: bytes are collected --> stop_load: size asked for, decoded, scaled, shown
//
// Note [Always decoded in full]
// Smaller pictures are decoded in full and scaled. A preview from the first of four slices would save an eighth of the time
// (6 megapixels: 3.8 instead of 4.4 s), since the synthesis transform takes most of it and needs all pixels either way.
#include <gdk-pixbuf/gdk-pixbuf.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "apps/plugin/gdk-pixbuf/handles.h"
#include "apps/plugin/gdk-pixbuf/pixbuf.h"
#include "apps/plugin/gdk-pixbuf/weights.h"

namespace laconic::gdk_pixbuf {
namespace {

// A desktop opens whatever lies in a folder, so these are lower than the codec's own limits.
constexpr size_t kMaxStreamBytes = 512u << 20;
constexpr uint64_t kMaxPixels = 1u << 28;  // 268 million: the largest phone cameras have 200

// One picture that is being loaded.
struct Loading {
  GdkPixbufModuleSizeFunc on_size;
  GdkPixbufModulePreparedFunc on_prepared;
  GdkPixbufModuleUpdatedFunc on_updated;
  gpointer user_data;           // of these three
  std::vector<uint8_t> stream;  // what came so far of the .lac file
  bool has_failed = false;      // the error is told already; what comes now is only the end
};

GdkPixbufError pixbuf_error(laconic_status status) {
  switch (status) {
    case LACONIC_NEED_MORE_DATA:
    case LACONIC_CORRUPT:
      return GDK_PIXBUF_ERROR_CORRUPT_IMAGE;
    case LACONIC_UNSUPPORTED:
      return GDK_PIXBUF_ERROR_UNKNOWN_TYPE;
    case LACONIC_LIMIT_EXCEEDED:
    case LACONIC_OUT_OF_MEMORY:
      return GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY;
    default:
      return GDK_PIXBUF_ERROR_FAILED;
  }
}

// The result is always false, so that a function can fail in one line.
bool fail(GError** error, const laconic_error& reason) {
  g_set_error_literal(error, GDK_PIXBUF_ERROR, pixbuf_error(reason.code), reason.message);
  return false;
}

bool fail_for_memory(GError** error) {
  g_set_error_literal(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY, "not enough memory for the picture");
  return false;
}

// Null on failure; error says why.
Picture decode(const std::vector<uint8_t>& stream, const char* model_id, laconic_error* error) {
  const Model model = weights_for(model_id, error);
  if (model == nullptr) return nullptr;
  laconic_decoder* made = nullptr;
  laconic_decoder_create(model.get(), &made, error);
  const Decoder decoder(made);
  if (decoder == nullptr || laconic_decoder_set_limits(decoder.get(), kMaxPixels, 0, error) != LACONIC_OK) return nullptr;
  laconic_image* picture = nullptr;
  laconic_decoder_decode(decoder.get(), stream.data(), stream.size(), &picture, error);
  return Picture(picture);
}

// Called with the whole stream.
bool show(const Loading& loading, GError** error) {
  laconic_error reason;
  laconic_info* read = nullptr;
  laconic_info_read(loading.stream.data(), loading.stream.size(), &read, &reason);
  const PictureInfo info(read);
  if (info == nullptr) return fail(error, reason);

  int width_px = static_cast<int>(laconic_info_get(info.get(), LACONIC_INFO_WIDTH));
  int height_px = static_cast<int>(laconic_info_get(info.get(), LACONIC_INFO_HEIGHT));
  loading.on_size(&width_px, &height_px, loading.user_data);
  if (width_px <= 0 || height_px <= 0) return true;  // the size was all that was wanted

  const Picture picture = decode(loading.stream, laconic_info_model_id(info.get()), &reason);
  if (picture == nullptr) return fail(error, reason);
  Pixbuf pixbuf = pixbuf_of(picture.get());
  if (pixbuf != nullptr) pixbuf = scaled_to(std::move(pixbuf), width_px, height_px);  // see Note [Always decoded in full]
  if (pixbuf == nullptr) return fail_for_memory(error);
  set_options(pixbuf.get(), picture.get());

  loading.on_prepared(pixbuf.get(), nullptr, loading.user_data);
  loading.on_updated(pixbuf.get(), 0, 0, width_px, height_px, loading.user_data);
  return true;
}

gpointer begin_load(GdkPixbufModuleSizeFunc on_size, GdkPixbufModulePreparedFunc on_prepared,
                    GdkPixbufModuleUpdatedFunc on_updated, gpointer user_data, GError** error) {
  auto* const loading = new (std::nothrow) Loading{on_size, on_prepared, on_updated, user_data, {}};
  if (loading == nullptr) fail_for_memory(error);
  return loading;
}

gboolean load_increment(gpointer context, const guchar* bytes, guint size, GError** error) try {
  auto& loading = *static_cast<Loading*>(context);
  if (size > kMaxStreamBytes - loading.stream.size()) {
    loading.has_failed = true;
    g_set_error(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY, "the file has more than %zu bytes, the limit here",
                kMaxStreamBytes);
    return FALSE;
  }
  loading.stream.insert(loading.stream.end(), bytes, bytes + size);
  return TRUE;
} catch (const std::exception&) {  // only memory can run out
  static_cast<Loading*>(context)->has_failed = true;
  return fail_for_memory(error);
}

// Called after a failure too; frees the context either way.
gboolean stop_load(gpointer context, GError** error) try {
  const std::unique_ptr<Loading> loading(static_cast<Loading*>(context));
  return loading->has_failed || show(*loading, error);
} catch (const std::exception&) {
  return fail_for_memory(error);
}

}  // namespace
}  // namespace laconic::gdk_pixbuf

// What gdk-pixbuf looks up by name; all else is hidden (loader.map).
extern "C" {

void fill_vtable(GdkPixbufModule* module) {
  module->begin_load = laconic::gdk_pixbuf::begin_load;
  module->load_increment = laconic::gdk_pixbuf::load_increment;
  module->stop_load = laconic::gdk_pixbuf::stop_load;
}

// gdk-pixbuf keeps what info points to and declares it writable, but only reads.
void fill_info(GdkPixbufFormat* info) {
  static GdkPixbufModulePattern signature[] = {{const_cast<gchar*>("\xB1LAC"), nullptr, 100}, {nullptr, nullptr, 0}};  // FORMAT.md 4.1
  static const gchar* mime_types[] = {"image/x-laconic", nullptr};
  static const gchar* extensions[] = {"lac", nullptr};
  info->name = const_cast<gchar*>("laconic");
  info->signature = signature;
  info->description = const_cast<gchar*>("Laconic");
  info->mime_types = const_cast<gchar**>(mime_types);
  info->extensions = const_cast<gchar**>(extensions);
  info->flags = GDK_PIXBUF_FORMAT_THREADSAFE;
  info->license = const_cast<gchar*>("Apache-2.0");
}

}  // extern "C"
