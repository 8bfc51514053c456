/* Laconic's C interface: still pictures, there and back. C99; no exceptions, no types of other libraries.
 *
 *   laconic_error error;
 *   laconic_model* model = NULL;
 *   if (laconic_model_load("image.safetensors", "cpu", &model, &error) != LACONIC_OK) return fail(error.message);
 *
 *   laconic_decoder* decoder = NULL;
 *   laconic_image* image = NULL;
 *   if (laconic_decoder_create(model, &decoder, &error) == LACONIC_OK &&
 *       laconic_decoder_decode(decoder, bytes, size, &image, &error) == LACONIC_OK) {
 *     show(laconic_image_pixels(image), laconic_image_width(image), laconic_image_height(image));
 *   }
 *   laconic_image_free(image);
 *   laconic_decoder_free(decoder);
 *   laconic_model_free(model);
 *
 * Handles. Every object is an opaque handle that the caller owns and frees with its own ..._free function; freeing NULL
 * is allowed. A function that makes an object stores it in its last-but-one parameter on success and NULL there on
 * failure, so nothing needs freeing after a failure. Objects passed in stay the caller's, on success and on failure,
 * and may be freed in any order: encoders and decoders keep the weights of their model alive.
 *
 * Errors. Functions that can fail return a status. `error` may be NULL; otherwise it is filled on failure and cleared
 * on success. A NULL where an object or output is needed is LACONIC_INVALID_ARGUMENT, never a crash. Accessors without
 * a status give 0 or NULL for NULL.
 *
 * Threads. A model may be used from any number of threads at once. Every other handle, by one thread at a time.
 */
#ifndef LACONIC_H_
#define LACONIC_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LACONIC_API __attribute__((visibility("default")))
#else
#define LACONIC_API
#endif

#define LACONIC_VERSION_MAJOR 0
#define LACONIC_VERSION_MINOR 1
#define LACONIC_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are part of the ABI: new ones are added at the end. */
typedef enum laconic_status {
  LACONIC_OK = 0,
  LACONIC_NEED_MORE_DATA = 1,   /* the input ended early */
  LACONIC_CORRUPT = 2,          /* the bytes contradict the format */
  LACONIC_UNSUPPORTED = 3,      /* valid, but not for this build */
  LACONIC_LIMIT_EXCEEDED = 4,   /* larger than the limits allow */
  LACONIC_MODEL_MISMATCH = 5,   /* the stream names other weights, or the weights are missing or damaged */
  LACONIC_INVALID_ARGUMENT = 6, /* an argument is out of range, or the call was cancelled */
  LACONIC_IO = 7,               /* the operating system refused */
  LACONIC_INTERNAL = 8,         /* a mistake of the library */
  LACONIC_OUT_OF_MEMORY = 9
} laconic_status;

/* Filled by the library, never allocated by it. The size of message is part of the ABI. */
typedef struct laconic_error {
  laconic_status code;
  char message[508]; /* one sentence in UTF-8, ends with 0; longer ones are cut */
} laconic_error;

typedef struct laconic_model laconic_model;
typedef struct laconic_encoder laconic_encoder;
typedef struct laconic_decoder laconic_decoder;
typedef struct laconic_image laconic_image;
typedef struct laconic_buffer laconic_buffer;
typedef struct laconic_info laconic_info;

/* Called with the work done so far, 0..1, on the calling thread or one of the library's. Return 0 to cancel (the call
 * then fails with LACONIC_INVALID_ARGUMENT), anything else to go on. user: as given with the function. Must not throw,
 * and must not call the same handle. */
typedef int (*laconic_progress)(double done, void* user);

/* "0.1.0": of the library that runs, where LACONIC_VERSION_... is that of the header. Static storage. */
LACONIC_API const char* laconic_version(void);

/* "corrupt", "io", ...; "unknown" for other numbers. Static storage. */
LACONIC_API const char* laconic_status_name(laconic_status status);

/* ---- Models: weights, and the networks made from them ---- */

/* path: a weights file (.safetensors). device: "cpu" or "cuda"; NULL is "cpu". model: receives the model.
 * LACONIC_MODEL_MISMATCH for a missing, damaged or foreign file. */
LACONIC_API laconic_status laconic_model_load(const char* path, const char* device, laconic_model** model,
                                              laconic_error* error);

/* 16 hex digits, what streams name their weights by. Lives as long as the model. */
LACONIC_API const char* laconic_model_id(const laconic_model* model);

LACONIC_API void laconic_model_free(laconic_model* model);

/* ---- Images: pixels and metadata in the library's memory ---- */

typedef enum laconic_metadata {
  LACONIC_METADATA_ICC = 1,  /* ICC profile */
  LACONIC_METADATA_EXIF = 2, /* TIFF structure, without JPEG's "Exif\0\0" prefix */
  LACONIC_METADATA_XMP = 3   /* XML packet */
} laconic_metadata;

/* Copies pixels. pixels: rows from top to bottom, channels interleaved; 16-bit samples in the machine's byte order; any
 * alignment. width_px, height_px: 1 or more. num_channels: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA, alpha not
 * premultiplied. bit_depth: 8 or 16. stride_bytes: from the start of one row to the next, 0 for rows without gaps; at
 * least a row. image: receives the image. */
LACONIC_API laconic_status laconic_image_from_pixels(const void* pixels, int width_px, int height_px, int num_channels,
                                                     int bit_depth, size_t stride_bytes, laconic_image** image,
                                                     laconic_error* error);

/* Copies a metadata block into the image, in place of one of the same kind. size 0 removes it (bytes may then be NULL).
 */
LACONIC_API laconic_status laconic_image_set_metadata(laconic_image* image, laconic_metadata kind, const uint8_t* bytes,
                                                      size_t size, laconic_error* error);

LACONIC_API int laconic_image_width(const laconic_image* image);  /* pixels */
LACONIC_API int laconic_image_height(const laconic_image* image); /* pixels */
LACONIC_API int laconic_image_channels(const laconic_image* image);
LACONIC_API int laconic_image_bit_depth(const laconic_image* image);
LACONIC_API size_t laconic_image_stride(const laconic_image* image); /* bytes in a row; rows have no gaps */
/* height * stride bytes, laid out as above, aligned for uint16_t. Valid until the image is freed. */
LACONIC_API const void* laconic_image_pixels(const laconic_image* image);
/* size: receives the bytes of the block, 0 if it is absent; may not be NULL. Result: the block, valid until the image
 * is freed or the block is set; NULL if it is absent. */
LACONIC_API const uint8_t* laconic_image_metadata(const laconic_image* image, laconic_metadata kind, size_t* size);

LACONIC_API void laconic_image_free(laconic_image* image);

/* ---- Buffers: bytes in the library's memory ---- */

LACONIC_API const uint8_t* laconic_buffer_bytes(const laconic_buffer* buffer); /* valid until the buffer is freed */
LACONIC_API size_t laconic_buffer_size(const laconic_buffer* buffer);          /* bytes */
LACONIC_API void laconic_buffer_free(laconic_buffer* buffer);

/* ---- Encoding ---- */

/* encoder: receives an encoder with quality 60, one thread a core, default limits and no progress function. */
LACONIC_API laconic_status laconic_encoder_create(const laconic_model* model, laconic_encoder** encoder,
                                                  laconic_error* error);

/* Settings hold from the next encode on; after a failure the one before holds. */
/* quality: 0..100, higher is better; continuous. */
LACONIC_API laconic_status laconic_encoder_set_quality(laconic_encoder* encoder, float quality, laconic_error* error);
/* effort: 0..9, 3 unless set; 0 is one pass, 9 the longest search for fewer bytes. Decoders never notice. */
LACONIC_API laconic_status laconic_encoder_set_effort(laconic_encoder* encoder, int effort, laconic_error* error);
/* num_threads: 0 for one a core. */
LACONIC_API laconic_status laconic_encoder_set_threads(laconic_encoder* encoder, int num_threads, laconic_error* error);
/* max_pixels, max_dimension_px: larger pictures are refused; 0 for the default. */
LACONIC_API laconic_status laconic_encoder_set_limits(laconic_encoder* encoder, uint64_t max_pixels,
                                                      uint32_t max_dimension_px, laconic_error* error);
/* progress: NULL for none. user is handed to it and must live as long as it is set. */
LACONIC_API laconic_status laconic_encoder_set_progress(laconic_encoder* encoder, laconic_progress progress, void* user,
                                                        laconic_error* error);

/* stream: receives a whole .lac file. The encoder can be used again after a failure. */
LACONIC_API laconic_status laconic_encoder_encode(laconic_encoder* encoder, const laconic_image* image,
                                                  laconic_buffer** stream, laconic_error* error);

LACONIC_API void laconic_encoder_free(laconic_encoder* encoder);

/* ---- Decoding ---- */

/* decoder: receives a decoder with one thread a core, default limits, no progress function, and concealment off. */
LACONIC_API laconic_status laconic_decoder_create(const laconic_model* model, laconic_decoder** decoder,
                                                  laconic_error* error);

/* As for encoders. */
LACONIC_API laconic_status laconic_decoder_set_threads(laconic_decoder* decoder, int num_threads, laconic_error* error);
LACONIC_API laconic_status laconic_decoder_set_limits(laconic_decoder* decoder, uint64_t max_pixels,
                                                      uint32_t max_dimension_px, laconic_error* error);
LACONIC_API laconic_status laconic_decoder_set_progress(laconic_decoder* decoder, laconic_progress progress, void* user,
                                                        laconic_error* error);
/* num_slices: 1..4; fewer than 4 give a preview from the first slices of every superblock, sooner. */
LACONIC_API laconic_status laconic_decoder_set_slices(laconic_decoder* decoder, int num_slices, laconic_error* error);
/* conceal: not 0 makes damaged superblocks grey instead of failing. */
LACONIC_API laconic_status laconic_decoder_set_conceal(laconic_decoder* decoder, int conceal, laconic_error* error);

/* stream, size: a whole .lac file, read during the call only. image: receives the picture with its metadata. The
 * decoder can be used again after a failure. */
LACONIC_API laconic_status laconic_decoder_decode(laconic_decoder* decoder, const uint8_t* stream, size_t size,
                                                  laconic_image** image, laconic_error* error);
/* The same for the rectangle of width x height pixels whose upper left pixel is (x, y); it must lie inside the picture.
 * Only what the rectangle depends on is decoded. */
LACONIC_API laconic_status laconic_decoder_decode_region(laconic_decoder* decoder, const uint8_t* stream, size_t size,
                                                         int x, int y, int width, int height, laconic_image** image,
                                                         laconic_error* error);
/* How many superblocks the last decode concealed, and one sentence for each: index 0..count-1, NULL beyond. Sentences
 * are valid until the next call on the decoder. */
LACONIC_API size_t laconic_decoder_damage_count(const laconic_decoder* decoder);
LACONIC_API const char* laconic_decoder_damage(const laconic_decoder* decoder, size_t index);

LACONIC_API void laconic_decoder_free(laconic_decoder* decoder);

/* ---- What a stream says about itself; needs no model ---- */

/* The numbers are part of the ABI: new ones are added at the end. */
typedef enum laconic_info_key {
  LACONIC_INFO_WIDTH = 0,  /* pixels */
  LACONIC_INFO_HEIGHT = 1, /* pixels */
  LACONIC_INFO_CHANNELS = 2,
  LACONIC_INFO_BIT_DEPTH = 3,
  LACONIC_INFO_FORMAT_VERSION = 4,
  LACONIC_INFO_SUPERBLOCKS = 5,
  LACONIC_INFO_HEADER_BYTES = 6, /* with metadata blocks and section table */
  LACONIC_INFO_ICC_BYTES = 7,
  LACONIC_INFO_EXIF_BYTES = 8,
  LACONIC_INFO_XMP_BYTES = 9,
  LACONIC_INFO_COLOUR_BYTES = 10, /* sections of the colour or grey planes */
  LACONIC_INFO_ALPHA_BYTES = 11,
  LACONIC_INFO_STREAM_BYTES = 12
} laconic_info_key;

/* stream, size: a whole .lac file, read during the call only. info: receives what its header says. Default limits hold.
 */
LACONIC_API laconic_status laconic_info_read(const uint8_t* stream, size_t size, laconic_info** info,
                                             laconic_error* error);
/* 0 for an unknown key. */
LACONIC_API uint64_t laconic_info_get(const laconic_info* info, laconic_info_key key);
LACONIC_API double laconic_info_quality(const laconic_info* info); /* 0..100 */
/* 16 hex digits: the weights this stream needs. Lives as long as info. */
LACONIC_API const char* laconic_info_model_id(const laconic_info* info);
LACONIC_API void laconic_info_free(laconic_info* info);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LACONIC_H_ */
