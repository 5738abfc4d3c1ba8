// libjpeg reports errors by longjmp, which must not pass through Swift: all of it stays in this file.

#include "image_decoders.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

typedef struct {
  struct jpeg_error_mgr manager;
  jmp_buf target;
  decoded_image *image;
} failure;

static void fail(j_common_ptr info, const char *message) {
  failure *own = (failure *)info->err;
  strncpy(own->image->message, message, sizeof own->image->message - 1);
  longjmp(own->target, 1);
}

static void on_error(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  fail(info, message);
}

/// libjpeg fills up what is missing with grey; a file that lacks a part is damaged.
static void on_message(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE)) {
    on_error(info);
  }
}

/// Files of very many scans take minutes and are none that a camera or a program writes.
static void on_progress(j_common_ptr info) {
  if (info->is_decompressor && ((j_decompress_ptr)info)->input_scan_number > 500) {
    fail(info, "it has more than 500 scans");
  }
}

int decode_jpeg(const unsigned char *bytes, size_t count, size_t most, decoded_image *image) {
  memset(image, 0, sizeof *image);
  struct jpeg_decompress_struct info;
  failure own;
  own.image = image;
  memset(&info, 0, sizeof info);
  info.err = jpeg_std_error(&own.manager);
  own.manager.error_exit = on_error;
  own.manager.emit_message = on_message;
  if (setjmp(own.target)) {
    jpeg_destroy_decompress(&info);
    decoded_image_release(image);
    return 0;
  }
  jpeg_create_decompress(&info);
  struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
  info.progress = &progress;
  jpeg_mem_src(&info, bytes, count);
  jpeg_read_header(&info, TRUE);
  const int is_grey = info.jpeg_color_space == JCS_GRAYSCALE;
  if (info.num_components != 1 && info.num_components != 3) {
    fail((j_common_ptr)&info, "it has four colours (CMYK): save it as RGB");
  }
  info.out_color_space = is_grey ? JCS_GRAYSCALE : JCS_RGB;
  image->width = (int)info.image_width;
  image->height = (int)info.image_height;
  image->channels = is_grey ? 1 : 3;
  const size_t row_size = (size_t)image->width * image->channels;
  if (row_size > most / image->height) fail((j_common_ptr)&info, "it is too large");
  jpeg_start_decompress(&info);
  image->pixels = malloc(row_size * image->height);
  if (!image->pixels) fail((j_common_ptr)&info, "there is not enough memory");
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = image->pixels + row_size * info.output_scanline;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return 1;
}
