#include "mnist_files.h"

static const unsigned char train_images_gz[] = {
#embed "train-images-idx3-ubyte.gz"
};

static const unsigned char train_labels_gz[] = {
#embed "train-labels-idx1-ubyte.gz"
};

static const unsigned char test_images_gz[] = {
#embed "t10k-images-idx3-ubyte.gz"
};

static const unsigned char test_labels_gz[] = {
#embed "t10k-labels-idx1-ubyte.gz"
};

mnist_file mnist_train_images_gz(void) {
  return (mnist_file){train_images_gz, sizeof train_images_gz};
}

mnist_file mnist_train_labels_gz(void) {
  return (mnist_file){train_labels_gz, sizeof train_labels_gz};
}

mnist_file mnist_test_images_gz(void) {
  return (mnist_file){test_images_gz, sizeof test_images_gz};
}

mnist_file mnist_test_labels_gz(void) {
  return (mnist_file){test_labels_gz, sizeof test_labels_gz};
}
