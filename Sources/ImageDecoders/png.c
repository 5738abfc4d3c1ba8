// libpng reports errors by longjmp, which must not pass through Swift: all of it stays in this file.

#include "image_decoders.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/// What libpng reads from.
typedef struct {
  const unsigned char *next;
  size_t rest;
} source;

static void on_error(png_structp png, png_const_charp message) {
  decoded_image *image = png_get_error_ptr(png);
  strncpy(image->message, message, sizeof image->message - 1);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->rest) png_error(png, "the file is cut short");
  memcpy(target, from->next, count);
  from->next += count;
  from->rest -= count;
}

int decode_png(const unsigned char *bytes, size_t count, size_t most, decoded_image *image) {
  memset(image, 0, sizeof *image);
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, image, on_error, on_warning);
  if (!png) {
    strncpy(image->message, "libpng cannot start", sizeof image->message - 1);
    return 0;
  }
  png_infop info = png_create_info_struct(png);
  png_bytepp volatile rows = NULL;
  if (!info || setjmp(png_jmpbuf(png))) {
    free((void *)rows);
    png_destroy_read_struct(&png, info ? &info : NULL, NULL);
    decoded_image_release(image);
    return 0;
  }
  source from = {bytes, count};
  png_set_read_fn(png, &from, read_bytes);
  png_set_user_limits(png, 1 << 16, 1 << 16);
  png_read_info(png, info);
  const int is_grey = !(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  image->width = (int)png_get_image_width(png, info);
  image->height = (int)png_get_image_height(png, info);
  image->channels = is_grey ? 1 : 3;
  const size_t row_size = png_get_rowbytes(png, info);
  if (row_size != (size_t)image->width * image->channels) png_error(png, "rows have another size");
  if (row_size > most / image->height) png_error(png, "it is too large");
  image->pixels = malloc(row_size * image->height);
  rows = malloc(image->height * sizeof *rows);
  if (!image->pixels || !rows) png_error(png, "there is not enough memory");
  for (int y = 0; y < image->height; y++) rows[y] = image->pixels + row_size * y;
  png_read_image(png, rows);
  png_read_end(png, NULL);
  free((void *)rows);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

void decoded_image_release(decoded_image *image) {
  free(image->pixels);
  image->pixels = NULL;
}
