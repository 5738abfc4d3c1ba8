#pragma once
#include <stddef.h>

// One file embedded in the binary. Its bytes live as long as the program.
typedef struct {
  const unsigned char *bytes;
  size_t size;
} mnist_file;

// The four MNIST files as published (IDX, gzipped).
// Y. LeCun, C. Cortes, C. Burges: the MNIST database of handwritten digits; CC BY-SA 3.0.
//
// Functions, because Swift does not import arrays of unknown length.
mnist_file mnist_train_images_gz(void);
mnist_file mnist_train_labels_gz(void);
mnist_file mnist_test_images_gz(void);
mnist_file mnist_test_labels_gz(void);
