// ModelBundle
