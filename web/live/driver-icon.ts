/**
 * Owns the picture of a driver: an arrowhead drawn once on a canvas, so that no image is fetched.
 * It is drawn as a mask; the layer colours and turns it.
 */
const SIZE_PIXELS = 64;

export const DRIVER_ICONS = {
  arrow: { x: 0, y: 0, width: SIZE_PIXELS, height: SIZE_PIXELS, mask: true },
  dot: { x: SIZE_PIXELS, y: 0, width: SIZE_PIXELS, height: SIZE_PIXELS, mask: true },
};

/** Draws both icons side by side: an arrowhead that points north, and a dot for who stands still. */
export function drawDriverIcons(): ImageBitmap {
  const canvas = new OffscreenCanvas(SIZE_PIXELS * 2, SIZE_PIXELS);
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('This browser cannot draw on a canvas.');
  pen.fillStyle = '#fff';
  pen.lineJoin = 'round';
  pen.beginPath();
  pen.moveTo(32, 6);
  pen.lineTo(54, 54);
  pen.lineTo(32, 43);
  pen.lineTo(10, 54);
  pen.closePath();
  pen.fill();
  pen.beginPath();
  pen.arc(SIZE_PIXELS + 32, 32, 19, 0, 2 * Math.PI);
  pen.fill();
  return canvas.transferToImageBitmap();
}
