#pragma once

#include <stddef.h>

/// An image as libpng or libjpeg has decoded it.
typedef struct {
  /// Row after row, [height, width, channels], a byte each; to be released by `decoded_image_release`.
  unsigned char *pixels;
  int width;
  int height;
  /// 1 for grey, 3 for red, green and blue. Transparency is left out.
  int channels;
  /// What is wrong where decoding failed.
  char message[256];
} decoded_image;

/// Decodes a PNG file of any kind; 16 bits are scaled to 8. Returns whether it succeeded.
///
/// `most` is the greatest number of bytes that pixels may take.
int decode_png(const unsigned char *bytes, size_t count, size_t most, decoded_image *image);

/// Decodes a JPEG file, grey or of colours, baseline or progressive. Returns whether it succeeded.
int decode_jpeg(const unsigned char *bytes, size_t count, size_t most, decoded_image *image);

/// Releases what decoding has allocated.
void decoded_image_release(decoded_image *image);
