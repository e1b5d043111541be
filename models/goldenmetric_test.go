package models_test

func (c *golden) runMetric() error { return unsupported("metric") }
func (c *golden) runConfig() error { return unsupported("config") }
