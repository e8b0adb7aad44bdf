"""Services that assistants ask through tools, and the recording of what they answer."""
