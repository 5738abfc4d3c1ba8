print("hypertower")
