#pragma once
#include <stddef.h>

// The four MNIST files as published (IDX, gzipped), embedded in the binary.
// Y. LeCun, C. Cortes, C. Burges: the MNIST database of handwritten digits; CC BY-SA 3.0.
extern const unsigned char mnist_train_images_gz[];
extern const size_t mnist_train_images_gz_size;
extern const unsigned char mnist_train_labels_gz[];
extern const size_t mnist_train_labels_gz_size;
extern const unsigned char mnist_test_images_gz[];
extern const size_t mnist_test_images_gz_size;
extern const unsigned char mnist_test_labels_gz[];
extern const size_t mnist_test_labels_gz_size;
