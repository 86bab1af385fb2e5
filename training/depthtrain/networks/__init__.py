"""The networks. Every class states its layers' source; none loads weights from the internet."""
