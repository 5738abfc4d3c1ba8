#include "mnist_files.h"

const unsigned char mnist_train_images_gz[] = {
#embed "train-images-idx3-ubyte.gz"
};
const size_t mnist_train_images_gz_size = sizeof mnist_train_images_gz;

const unsigned char mnist_train_labels_gz[] = {
#embed "train-labels-idx1-ubyte.gz"
};
const size_t mnist_train_labels_gz_size = sizeof mnist_train_labels_gz;

const unsigned char mnist_test_images_gz[] = {
#embed "t10k-images-idx3-ubyte.gz"
};
const size_t mnist_test_images_gz_size = sizeof mnist_test_images_gz;

const unsigned char mnist_test_labels_gz[] = {
#embed "t10k-labels-idx1-ubyte.gz"
};
const size_t mnist_test_labels_gz_size = sizeof mnist_test_labels_gz;
