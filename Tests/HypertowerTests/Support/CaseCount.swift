import Glibc

/// How many random cases a test tries: a few, or as many as `make stress` asks for.
func caseCount(_ few: Int, stress: Int) -> Int { getenv("HYPERTOWER_STRESS") == nil ? few : stress }
