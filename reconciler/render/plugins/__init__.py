"""Config management plugins: commands of the installation that turn sources into manifests, each in its own cell.

May import what render may. No command runs outside a cell; where the kernel refuses one, plugins are refused.
"""
